import { type Label, R0, R1, R2, R3, R7 } from "./assembler.ts";
import type { Cell, Emitter, Value, Writer } from "./emitter.ts";
import { fileMember } from "./file-values.ts";
import { HELPER } from "./helper.ts";
import { SCRATCH } from "./scratch.ts";
import { usedAddress } from "./used-values.ts";
import { address, combine, constant, kernelRead, member, port, userRead, when } from "./values.ts";
import { kernelBytes, kernelString, scalar, sequence, userString } from "./writers.ts";

/** Address families. */
export const AF = { unix: 1, inet: 2, inet6: 10 } as const;
const S_IFMT = 0o170000;
const S_IFSOCK = 0o140000;

/** Longest path of a unix socket, NUL included. */
const MAX_UNIX_PATH = 109;
/** Bytes taken of a socket address; the largest of interest, sockaddr_un, has 110. Less one, a mask. */
const MAX_ADDRESS = 127;
/** struct sockaddr_in, sockaddr_in6 and sockaddr_un begin with the family, two bytes. */
const SOCKADDR = { port: 2, inet: 4, inet6: 8, path: 2 } as const;
const INET_LENGTH = 8;
const INET6_LENGTH = 24;

/** Where the traffic of a record goes: `out` from the local to the remote end. */
export type Direction = "in" | "out";

const temp = (offset: number, size: 1 | 2 | 4 | 8): Value => {
  return (k) => k.asm.load(size, R0, R7, SCRATCH.temp + offset);
};

/**
 * The socket address that a call names, as the kernel used it where that is known, else from user memory: | family u8 | IPv4 4 or IPv6 16 bytes | port u16 |, or | family u8 | path, NUL |;
 * empty for other families and where the length doesn't hold the address.
 */
export function sockaddr(at: Value, length: Value): Writer {
  return (k) =>
    k.cells(1, (size) => {
      const { asm } = k;
      const end = asm.label("sockaddr");
      k.branch(() => {
        readAddress(k, at, length, size, end);
        const inet = asm.label("inet");
        const inet6 = asm.label("inet6");
        asm.load(2, R1, R7, SCRATCH.temp);
        size.load(k, R0);
        asm.jump("eq", R1, AF.inet, inet);
        asm.jump("eq", R1, AF.inet6, inet6);
        asm.jump("ne", R1, AF.unix, end);
        sequence(scalar(1, constant(AF.unix)), tempPath)(k);
        asm.goto(end);
        asm.place(inet);
        asm.jump("lt", R0, INET_LENGTH, end);
        sequence(scalar(1, constant(AF.inet)), scalar(4, temp(SOCKADDR.inet, 4)), tempPort)(k);
        asm.goto(end);
        asm.place(inet6);
        asm.jump("lt", R0, INET6_LENGTH, end);
        const words = [SOCKADDR.inet6, SOCKADDR.inet6 + 8].map((word) => scalar(8, temp(word, 8)));
        sequence(scalar(1, constant(AF.inet6)), ...words, tempPort)(k);
      });
      asm.place(end);
    });
}

const tempPort: Writer = scalar(2, port(temp(SOCKADDR.port, 2)));

/** The path of the sockaddr_un in the temporary area; an abstract name starts behind its NUL. */
const tempPath: Writer = (k) => {
  const start: Value = (inner) => {
    inner.asm.mov(R0, R7);
    inner.asm.alu("add", R0, SCRATCH.temp + SOCKADDR.path);
  };
  const abstract: Value = (inner) => {
    start(inner);
    inner.asm.alu("add", R0, 1);
  };
  when(
    temp(SOCKADDR.path, 1),
    "eq",
    0,
    kernelString(abstract, MAX_UNIX_PATH),
    kernelString(start, MAX_UNIX_PATH),
  )(k);
};

/** Puts a NUL, and another for an abstract name, behind the R0 bytes in the temporary area. */
function terminate(k: Emitter): void {
  const { asm } = k;
  asm.mov(R1, R7);
  asm.alu("add", R1, R0);
  asm.store(1, R1, SCRATCH.temp, 0);
  asm.store(1, R1, SCRATCH.temp + 1, 0);
}

/** Copies the address to the temporary area with a NUL behind it, its length to `size`; to `end` where that can't be. */
function readAddress(k: Emitter, at: Value, length: Value, size: Cell, end: Label): void {
  const { asm } = k;
  const fits = asm.label("fits");
  const known = asm.label("known");
  if (k.target.copies?.addresses) {
    const unknown = asm.label("unknown");
    size.keep(k, usedAddress(MAX_ADDRESS));
    asm.jump("eq", R0, 0, unknown);
    asm.jump("lt", R0, 2, end);
    terminate(k);
    asm.goto(known);
    asm.place(unknown);
  }
  length(k);
  asm.alu32("mov", R0, R0);
  asm.jump("lt", R0, 2, end);
  asm.jump("le", R0, MAX_ADDRESS, fits);
  asm.mov(R0, MAX_ADDRESS);
  asm.place(fits);
  size.store(k, R0);
  terminate(k);
  at(k);
  asm.mov(R3, R0);
  asm.mov(R1, R7);
  asm.alu("add", R1, SCRATCH.temp);
  size.load(k, R2);
  asm.alu("and", R2, MAX_ADDRESS);
  asm.call(HELPER.probeReadUser);
  asm.jump("ne", R0, 0, end);
  asm.place(known);
}

/** `struct sock *` of a file; 0 if it isn't a socket. */
export function sockOf(file: Value): Value {
  const kind = combine("and", fileMember(file, "f_inode.i_mode"), constant(S_IFMT));
  const socket = fileMember(file, "private_data");
  return when(kind, "eq", S_IFSOCK, member(socket, "socket", "sk"), constant(0));
}

/**
 * Both ends of a socket:
 *
 *   | family u8 | source IPv4 4 or IPv6 16 bytes | port u16 | destination … | port u16 |
 *   | family u8 | source u64 | destination u64 | path, NUL |, of a unix socket: kernel addresses
 *
 * `peer` is the sockaddr a call names, which counts where the socket itself is not connected; in calls that name several, it is that of `ordinal`.
 */
export function socketTuple(file: Value, direction: Direction, peer?: Value, ordinal?: Value): Writer {
  return (k) =>
    k.cells(2, (sock, copied) => {
      const { asm } = k;
      const end = asm.label("tuple");
      k.branch(() => {
        const inet = asm.label("inet tuple");
        const inet6 = asm.label("inet6 tuple");
        sock.keep(k, sockOf(file));
        asm.jump("eq", R0, 0, end);
        const named = peer && namedAddress(k, peer, direction, copied, ordinal);
        member(sock.value, "sock", "__sk_common.skc_family")(k);
        asm.jump("eq", R0, AF.inet, inet);
        asm.jump("eq", R0, AF.inet6, inet6);
        asm.jump("ne", R0, AF.unix, end);
        unixTuple(sock.value, direction, named)(k);
        asm.goto(end);
        asm.place(inet);
        inetTuple(sock.value, direction, named)(k);
        asm.goto(end);
        asm.place(inet6);
        inet6Tuple(sock.value, direction, named)(k);
      });
      asm.place(end);
    });
}

/** An address that a call names. */
interface Named {
  /** Where the call says it lies; 0 where it names none. */
  readonly peer: Value;
  /** Bytes of it in the temporary area, as the kernel used it; 0 where that isn't known. */
  readonly copied?: Value;
}

/** Gets the copy that the kernel made, which is none of addresses that it writes itself. */
function namedAddress(
  k: Emitter,
  peer: Value,
  direction: Direction,
  copied: Cell,
  ordinal: Value | undefined,
): Named {
  if (direction === "in" || !k.target.copies?.addresses) return { peer };
  copied.keep(k, usedAddress(MAX_ADDRESS, ordinal));
  terminate(k);
  return { peer, copied: copied.value };
}

/** The `size` bytes of it from `offset` on, else `otherwise`. */
function namedBytes({ peer, copied }: Named, offset: number, size: 2 | 4 | 8, otherwise: Value): Value {
  const fromMemory = when(peer, "ne", 0, userRead(peer, offset, size), otherwise);
  return copied ? when(copied, "ne", 0, temp(offset, size), fromMemory) : fromMemory;
}

const inetMember = (sock: Value, path: string): Value => member(sock, "inet_sock", path);
const common = (sock: Value, path: string): Value => member(sock, "sock", `__sk_common.${path}`);

/** `own`, or where the socket has no remote port and the call names an address, these bytes of it. */
function unlessNamed(
  sock: Value,
  named: Named | undefined,
  own: Value,
  offset: number,
  size: 2 | 4 | 8,
): Value {
  if (!named) return own;
  return when(common(sock, "skc_dport"), "ne", 0, own, namedBytes(named, offset, size, own));
}

function remotePort(sock: Value, named: Named | undefined): Value {
  return unlessNamed(sock, named, common(sock, "skc_dport"), SOCKADDR.port, 2);
}

function inetTuple(sock: Value, direction: Direction, named: Named | undefined): Writer {
  const local = [scalar(4, inetMember(sock, "inet_saddr")), scalar(2, port(inetMember(sock, "inet_sport")))];
  const ip = unlessNamed(sock, named, common(sock, "skc_daddr"), SOCKADDR.inet, 4);
  const remote = [scalar(4, ip), scalar(2, port(remotePort(sock, named)))];
  const ends = direction === "out" ? [...local, ...remote] : [...remote, ...local];
  return sequence(scalar(1, constant(AF.inet)), ...ends);
}

function inet6Tuple(sock: Value, direction: Direction, named: Named | undefined): Writer {
  const localIp = address(sock, "inet_sock", "pinet6.saddr");
  const remoteIp = address(sock, "sock", "__sk_common.skc_v6_daddr");
  const word = (offset: number): Writer => {
    const own = kernelRead(remoteIp, offset, 8);
    return scalar(8, unlessNamed(sock, named, own, SOCKADDR.inet6 + offset, 8));
  };
  const local = [
    scalar(8, kernelRead(localIp, 0, 8)),
    scalar(8, kernelRead(localIp, 8, 8)),
    scalar(2, port(inetMember(sock, "inet_sport"))),
  ];
  const remote = [word(0), word(8), scalar(2, port(remotePort(sock, named)))];
  const ends = direction === "out" ? [...local, ...remote] : [...remote, ...local];
  return sequence(scalar(1, constant(AF.inet6)), ...ends);
}

function unixTuple(sock: Value, direction: Direction, named: Named | undefined): Writer {
  const other = member(sock, "unix_sock", "peer");
  const family = scalar(1, constant(AF.unix));
  if (direction === "in") return sequence(family, scalar(8, sock), scalar(8, other), unixPath(sock));
  const unbound = named ? namedPath(named) : emptyText;
  return sequence(family, scalar(8, other), scalar(8, sock), when(other, "eq", 0, unbound, unixPath(other)));
}

const emptyText: Writer = scalar(1, constant(0));

function namedPath({ peer, copied }: Named): Writer {
  const fromMemory = when(peer, "eq", 0, emptyText, userPath(peer));
  return copied ? when(copied, "ne", 0, tempPath, fromMemory) : fromMemory;
}

function userPath(peer: Value): Writer {
  const at = (offset: number): Value => combine("add", peer, constant(offset));
  const abstract = userString(at(SOCKADDR.path + 1), MAX_UNIX_PATH);
  return when(
    userRead(peer, SOCKADDR.path, 1),
    "eq",
    0,
    abstract,
    userString(at(SOCKADDR.path), MAX_UNIX_PATH),
  );
}

/** Name that a `struct unix_sock *` is bound to; an abstract one without its first NUL, an unbound one's is empty. */
function unixPath(sock: Value): Writer {
  const text = address(sock, "unix_sock", "addr.name[0].sun_path");
  // An abstract name is not terminated: its length says where it ends, and counts the family and the NUL before it.
  const length = combine("sub", member(sock, "unix_sock", "addr.len"), constant(SOCKADDR.path + 1));
  const abstract = sequence(kernelBytes(combine("add", text, constant(1)), length, MAX_UNIX_PATH), emptyText);
  const bound = when(kernelRead(text, 0, 1), "eq", 0, abstract, kernelString(text, MAX_UNIX_PATH));
  return when(member(sock, "unix_sock", "addr"), "eq", 0, emptyText, bound);
}
