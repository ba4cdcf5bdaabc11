import { readLink } from "../proc/proc-files.ts";
import { readSockets } from "../proc/proc-sockets.ts";
import { borrowedNames, type SocketNames } from "./borrowed-socket.ts";
import type { Invocation } from "./tracee.ts";
import { bytesAt, NOTHING, type Read } from "./values.ts";

const AF = { unix: 1, inet: 2, inet6: 10 } as const;
/** struct sockaddr_in, sockaddr_in6 and sockaddr_un begin with the family, two bytes. */
const SOCKADDR = { port: 2, inet: 4, inet6: 8, path: 2 } as const;
const INET_LENGTH = 8;
const INET6_LENGTH = 24;
const MAX_ADDRESS = 127;

/** Where the traffic of a record goes: `out` from the local to the remote end. */
export type Direction = "in" | "out";

/** An end as records have it: | IPv4 4 or IPv6 16 bytes | port u16 |. */
function inetEnd(name: Buffer, family: number): Buffer {
  const [at, size] = family === AF.inet ? [SOCKADDR.inet, 4] : [SOCKADDR.inet6, 16];
  const end = Buffer.alloc(size + 2);
  if (name.length < at + size || name.readUInt16LE(0) !== family) return end;
  name.copy(end, 0, at, at + size);
  end.writeUInt16LE(name.readUInt16BE(SOCKADDR.port), size);
  return end;
}

const isUnbound = (end: Buffer): boolean => end.readUInt16LE(end.length - 2) === 0;

/** Path of a sockaddr_un with a NUL behind it; an abstract name without its first NUL, none where it is unbound. */
function unixPath(name: Buffer): Buffer {
  const path = name.subarray(SOCKADDR.path);
  const abstract = path[0] === 0;
  const start = abstract ? 1 : 0;
  const end = path.indexOf(0, start);
  return Buffer.concat([path.subarray(start, end < 0 || abstract ? path.length : end), Buffer.of(0)]);
}

/** A struct sockaddr of the call's memory, as long as it is. */
function addressAt(call: Invocation, address: bigint, length: number): Buffer {
  if (address === 0n || length < 2) return Buffer.alloc(0);
  return Buffer.from(bytesAt(call, address, Math.min(length, MAX_ADDRESS)));
}

/** A sockaddr's length by its family, for calls that don't tell: what lies behind it may not be readable. */
function peerAt(call: Invocation, address: bigint): Buffer {
  const family = addressAt(call, address, 2);
  if (family.length < 2) return family;
  const sizes: Readonly<Record<number, number>> = { [AF.inet]: INET_LENGTH, [AF.inet6]: INET6_LENGTH };
  return addressAt(call, address, sizes[family.readUInt16LE(0)] ?? 110);
}

/** The address that two arguments hold: | family u8 | address, port |, or | family u8 | path, NUL |; empty for other families. */
export const sockaddr =
  (address: number, length: number): Read<Uint8Array> =>
  (call) => {
    const name = addressAt(call, call.args[address]!, Number(BigInt.asUintN(32, call.args[length]!)));
    if (name.length < 2) return NOTHING;
    const family = name.readUInt16LE(0);
    const shortest = family === AF.inet ? INET_LENGTH : INET6_LENGTH;
    if (family === AF.unix) return Buffer.concat([Buffer.of(family), unixPath(name)]);
    if ((family !== AF.inet && family !== AF.inet6) || name.length < shortest) return NOTHING;
    return Buffer.concat([Buffer.of(family), inetEnd(name, family)]);
  };

/** The socket's inode, which stands for the kernel address that only the kernel knows; 0 for other descriptors. */
export function socketId(call: Invocation, fd: number): bigint {
  const link = readLink(`/proc/${call.tid}/fd/${fd}`) ?? "";
  return BigInt(/^socket:\[(\d+)\]$/.exec(link)?.[1] ?? 0);
}

/** Both ends from the tables of /proc, where descriptors can't be borrowed. */
export function listedNames(call: Invocation, fd: number): SocketNames | undefined {
  const id = socketId(call, fd);
  const seed = id === 0n ? undefined : readSockets(`/proc/${call.tid}/net`).get(String(id));
  if (!seed) return undefined;
  if (!seed.localIp) {
    return {
      local: Buffer.concat([Buffer.of(AF.unix, 0), Buffer.from(`${seed.name}\0`)]),
      remote: Buffer.alloc(0),
    };
  }
  const name = (ip: Uint8Array | undefined, port: number | undefined): Buffer => {
    if (!ip) return Buffer.alloc(0);
    const family = ip.length === 4 ? AF.inet : AF.inet6;
    const bytes = Buffer.alloc(28);
    bytes.writeUInt16LE(family);
    bytes.writeUInt16BE(port ?? 0, SOCKADDR.port);
    bytes.set(ip, family === AF.inet ? SOCKADDR.inet : SOCKADDR.inet6);
    return bytes;
  };
  return { local: name(seed.localIp, seed.localPort), remote: name(seed.remoteIp, seed.remotePort) };
}

/**
 * Both ends of a socket:
 *
 *   | family u8 | source IPv4 4 or IPv6 16 bytes | port u16 | destination … | port u16 |
 *   | family u8 | source u64 | destination u64 | path, NUL |, of a unix socket
 *
 * `peer` is where a sockaddr that the call names lies; it counts where the socket itself is not connected.
 */
export function socketTuple(call: Invocation, fd: number, direction: Direction, peer?: bigint): Uint8Array {
  const names = borrowedNames(call.tid, fd) ?? listedNames(call, fd);
  if (!names || names.local.length < 2) return NOTHING;
  const family = names.local.readUInt16LE(0);
  const remote = names.remote.length >= 2 ? names.remote : peerAt(call, peer ?? 0n);
  if (family === AF.unix) return unixTuple(call, fd, direction, { local: names.local, remote });
  if (family !== AF.inet && family !== AF.inet6) return NOTHING;
  const local = inetEnd(names.local, family);
  let other = inetEnd(names.remote, family);
  if (isUnbound(other)) other = inetEnd(peerAt(call, peer ?? 0n), family);
  const ends = direction === "out" ? [local, other] : [other, local];
  return Buffer.concat([Buffer.of(family), ...ends]);
}

function unixTuple(call: Invocation, fd: number, direction: Direction, names: SocketNames): Uint8Array {
  const head = Buffer.alloc(17);
  head[0] = AF.unix;
  const [own, path] = direction === "in" ? [1, names.local] : [9, names.remote];
  head.writeBigUInt64LE(socketId(call, fd), own);
  return Buffer.concat([head, unixPath(path)]);
}
