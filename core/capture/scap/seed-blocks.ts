import type { FdSeed, SeedSink, ThreadSeed } from "../../event/source.ts";
import { FD } from "../../state/fd.ts";
import type { SeedBlockKind } from "./blocks.ts";
import type { Body } from "./body.ts";

const MIN_ENTRY = 4;
const UNSET_ID = 0xffff_ffff;
/** Bytes of an entry's tail before release 0.10, which inserted two values in front of it. */
const OLD_TAIL = 29;

/** Reads one seed block and hands its entries over. Throws BodyError when an entry exceeds the block. */
export function readSeedBlock(body: Body, { kind, version }: SeedBlockKind, sink: SeedSink): void {
  READERS[kind](body, version, sink);
}

const READERS: Readonly<
  Record<SeedBlockKind["kind"], (body: Body, version: number, sink: SeedSink) => void>
> = {
  machine: readMachine,
  threads: (body, version, sink) => {
    while (body.left >= MIN_ENTRY) sink.thread(readThread(body, version));
  },
  fds: (body, version, sink) => {
    const tid = body.i64();
    while (body.left >= MIN_ENTRY) sink.fd(readFd(body, version, tid));
  },
  interfaces: readInterfaces,
  users: readUsers,
};

/** `cpus u32 | memory u64 | highest pid u64 | hostname 128 | boot time u64 | flags u64 | reserved 2 × u64` */
function readMachine(body: Body, _version: number, sink: SeedSink): void {
  const cpus = body.u32();
  const memoryBytes = body.u64();
  body.skip(8);
  const name = Buffer.from(body.copy(128));
  const nul = name.indexOf(0);
  const bootTime = body.left >= 8 ? body.u64() : 0n;
  const hostname = name.utf8Slice(0, nul < 0 ? 128 : nul);
  sink.machine({ hostname, cpus, memoryBytes, bootTime, isRecorded: true });
}

/**
 * One thread. Versions 1 to 8 have a fixed set of values each; version 9 starts with the entry's length, by
 * which readers know how many of the trailing values are there.
 */
function readThread(body: Body, version: number): ThreadSeed {
  const outer = version >= 9 ? enterWithLength(body) : body.end;
  const seed = {
    tid: body.i64(),
    pid: body.i64(),
    ptid: body.i64(),
    sid: version >= 6 ? body.i64() : -1,
    vpgid: version >= 8 ? body.i64() : -1,
    comm: body.text(),
    exe: body.text(),
    exePath: version >= 7 ? body.text() : "",
    args: body.texts(),
    cwd: body.text(),
    fdLimit: body.i64(),
    flags: body.u32(),
    uid: body.u32(),
    gid: body.u32(),
    vmSize: version >= 2 ? body.u32() : 0,
    vmRss: version >= 2 ? body.u32() : 0,
    vmSwap: version >= 2 ? body.u32() : 0,
    pageFaultsMajor: version >= 2 ? body.i64() : 0,
    pageFaultsMinor: version >= 2 ? body.i64() : 0,
    env: version >= 3 ? body.texts() : [],
    vtid: version >= 4 ? body.i64() : -1,
    vpid: version >= 4 ? body.i64() : -1,
    cgroups: version >= 4 ? body.texts() : [],
    root: version >= 5 ? body.text() : "",
    cloneTime: 0n,
  };
  const tail = readThreadTail(body, version >= 9);
  if (version >= 9) body.leave(outer);
  return { ...seed, ...tail };
}

type ThreadTail = Pick<
  ThreadSeed,
  | "pidnsInitStart"
  | "tty"
  | "loginUid"
  | "exeWritable"
  | "capInheritable"
  | "capPermitted"
  | "capEffective"
  | "exeUpperLayer"
  | "exeIno"
  | "exeCtime"
  | "exeMtime"
  | "exeFromMemfd"
  | "exeLowerLayer"
  | "pgid"
>;

function readThreadTail(body: Body, hasTail: boolean): ThreadTail {
  const has = (size: number): boolean => hasTail && body.left >= size;
  const u64 = (): bigint => (has(8) ? body.u64() : 0n);
  const flag = (): boolean => has(1) && body.u8() !== 0;
  const inserted = body.left > OLD_TAIL;
  return {
    pidnsInitStart: inserted ? u64() : 0n,
    tty: inserted && has(4) ? body.u32() : 0,
    loginUid: has(4) ? body.u32() : UNSET_ID,
    exeWritable: flag(),
    capInheritable: u64(),
    capPermitted: u64(),
    capEffective: u64(),
    exeUpperLayer: flag(),
    exeIno: u64(),
    exeCtime: u64(),
    exeMtime: u64(),
    exeFromMemfd: flag(),
    exeLowerLayer: flag(),
    pgid: has(8) ? body.i64() : -1,
  };
}

function readFd(body: Body, version: number, tid: number): FdSeed {
  const outer = version >= 2 ? enterWithLength(body) : body.end;
  const head = { tid, fd: body.i64(), ino: body.u64() };
  const kind = body.u8();
  const seed: FdSeed = { ...head, ...readFdDetail(body, kind, version >= 2) };
  if (version >= 2) body.leave(outer);
  return seed;
}

function readFdDetail(body: Body, kind: number, sized: boolean): Omit<FdSeed, "tid" | "fd" | "ino"> {
  switch (kind) {
    case FD.IPV4_SOCK:
    case FD.IPV6_SOCK: {
      const size = kind === FD.IPV4_SOCK ? 4 : 16;
      const localIp = body.copy(size);
      const remoteIp = body.copy(size);
      const localPort = body.u16();
      return { kind, name: "", localIp, remoteIp, localPort, remotePort: body.u16(), l4: body.u8() };
    }
    case FD.IPV4_SERVSOCK:
    case FD.IPV6_SERVSOCK: {
      const localIp = body.copy(kind === FD.IPV4_SERVSOCK ? 4 : 16);
      return { kind, name: "", localIp, localPort: body.u16(), l4: body.u8() };
    }
    case FD.UNIX_SOCK: {
      const unixSource = body.u64();
      return { kind, unixSource, unixDestination: body.u64(), name: body.text() };
    }
    case FD.FILE_V2: {
      const openFlags = body.u32();
      const name = body.text();
      return { kind, openFlags, name, dev: sized && body.left >= 4 ? body.u32() : 0 };
    }
    case FD.UNKNOWN:
      return { kind, name: "" };
    default:
      if (kind <= FD.PIDFD) return { kind, name: body.text() };
      return { kind: FD.UNSUPPORTED, name: `unknown-type:[${kind}]` };
  }
}

const INTERFACE = { IPV4: 1, IPV6: 2, IPV4_NO_SPEED: 3, IPV6_NO_SPEED: 4 } as const;

/** `type u16 | name length u16 | address | netmask | broadcast | speed u64, not in all types | name` */
function readInterfaces(body: Body, version: number, sink: SeedSink): void {
  while (body.left >= MIN_ENTRY) {
    const outer = version >= 2 ? body.enter(body.u32()) : body.end;
    const type = body.u16();
    const nameSize = body.u16();
    const size = type === INTERFACE.IPV4 || type === INTERFACE.IPV4_NO_SPEED ? 4 : 16;
    const ip = body.copy(size);
    const netmask = body.copy(size);
    body.skip(size);
    if (type === INTERFACE.IPV4 || type === INTERFACE.IPV6) body.skip(8);
    const name = Buffer.from(body.copy(nameSize)).toString();
    sink.interface({ name, ip, netmask });
    if (version >= 2) body.leave(outer);
  }
}

/** `type u8 (0 user, 1 group) | uid u32 | gid u32 | name | home | shell`, groups: `gid u32 | name` */
function readUsers(body: Body, version: number, sink: SeedSink): void {
  while (body.left >= MIN_ENTRY) {
    const outer = version >= 2 ? enterWithLength(body) : body.end;
    if (body.u8() === 0) {
      const uid = body.u32();
      const gid = body.u32();
      sink.user({ uid, gid, name: body.text(), home: body.text(), shell: body.text() });
    } else {
      sink.group({ gid: body.u32(), name: body.text() });
    }
    if (version >= 2) body.leave(outer);
  }
}

/** Enters an entry whose length, itself included, stands first. */
function enterWithLength(body: Body): number {
  const start = body.at;
  const size = body.u32();
  body.at = start;
  const outer = body.enter(size);
  body.skip(4);
  return outer;
}
