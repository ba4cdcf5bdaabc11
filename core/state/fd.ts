import type { FdKind } from "../event/source.ts";
import type { Owner } from "./fd-table.ts";

/**
 * Kinds of descriptors, numbered as capture files number them (`scap_fd_type`), with the name and the
 * character that `fd.type` and `fd.typechar` show.
 */
export const FD = {
  UNINITIALIZED: -1,
  UNKNOWN: 0,
  FILE: 1,
  DIRECTORY: 2,
  IPV4_SOCK: 3,
  IPV6_SOCK: 4,
  IPV4_SERVSOCK: 5,
  IPV6_SERVSOCK: 6,
  FIFO: 7,
  UNIX_SOCK: 8,
  EVENT: 9,
  UNSUPPORTED: 10,
  SIGNALFD: 11,
  EVENTPOLL: 12,
  INOTIFY: 13,
  TIMERFD: 14,
  NETLINK: 15,
  FILE_V2: 16,
  BPF: 17,
  USERFAULTFD: 18,
  IO_URING: 19,
  MEMFD: 20,
  PIDFD: 21,
} as const;

/** Layer 4 protocols of sockets (`scap_l4_proto`). */
export const L4 = { UNKNOWN: 0, NA: 1, TCP: 2, UDP: 3, ICMP: 4, RAW: 5 } as const;

export const ROLE = { NONE: 0, CLIENT: 1, SERVER: 2 } as const;
export type Role = (typeof ROLE)[keyof typeof ROLE];

/** Bits of `Fd.openFlags`, as events carry them (portable, not the kernel's numbers). */
export const OPEN_FLAG = {
  DIRECTORY: 0x400,
  CLOEXEC: 0x1000,
  F_CREATED: 0x4000,
  UPPER_LAYER: 0x8000,
  LOWER_LAYER: 0x1_0000,
} as const;
const EPOLL_CLOEXEC = 1;
const MFD_CLOEXEC = 1;

/** One end or both ends of a network socket: 4 or 16 address bytes in network order each. */
export interface SocketEnds {
  sourceIp: Uint8Array;
  sourcePort: number;
  destIp: Uint8Array;
  destPort: number;
}

/** An open descriptor of a process. */
export class Fd {
  kind: FdKind;
  /** What `fd.name` shows: a path, a socket's tuple text, a pipe's or anonymous inode's name. */
  name = "";
  /** `fd.nameraw`: the name as the program gave it. */
  nameRaw = "";
  /** The name before the current event, for `fd.name_changed`. */
  oldName = "";
  openFlags = 0;
  mountId = 0;
  dev = 0;
  /** A bigint when beyond 2^53, as some overlay file systems make them. */
  ino: number | bigint = 0;
  pid = 0;
  l4: number = L4.UNKNOWN;
  /** Who started the connection: needed to tell client from server side; 0 none known, 1 client, 2 server. */
  role: Role = ROLE.NONE;
  connected = false;
  /** Of files on overlay file systems: UPPER_LAYER when it is in the writable layer, LOWER_LAYER when it is in the image. */
  layer = 0;
  /** Network sockets; for a listening socket the source is the bound side. */
  ends: SocketEnds | undefined = undefined;
  /** Unix sockets: kernel addresses of both ends. */
  unixSource = 0n;
  unixDestination = 0n;
  /** Set by the table it is in; see FdTable. */
  owner: Owner = 0;

  constructor(kind: FdKind = FD.UNKNOWN) {
    this.kind = kind;
  }

  /** The protocol as shown: network sockets of which nobody knows who called whom have none, raw ones apart. */
  get shownL4(): number {
    switch (this.kind) {
      case FD.IPV4_SERVSOCK:
      case FD.IPV6_SERVSOCK:
        return this.l4;
      case FD.IPV4_SOCK:
      case FD.IPV6_SOCK:
        return this.role === ROLE.NONE && this.l4 !== L4.RAW ? L4.NA : this.l4;
      default:
        return L4.NA;
    }
  }

  get upperLayer(): boolean {
    return (this.layer & OPEN_FLAG.UPPER_LAYER) !== 0;
  }

  get lowerLayer(): boolean {
    return (this.layer & OPEN_FLAG.LOWER_LAYER) !== 0;
  }

  get closeOnExec(): boolean {
    const { openFlags, kind } = this;
    return (
      (openFlags & OPEN_FLAG.CLOEXEC) !== 0 ||
      (kind === FD.EVENTPOLL && (openFlags & EPOLL_CLOEXEC) !== 0) ||
      (kind === FD.MEMFD && (openFlags & MFD_CLOEXEC) !== 0)
    );
  }

  set closeOnExec(value: boolean) {
    this.openFlags &= ~(OPEN_FLAG.CLOEXEC | EPOLL_CLOEXEC | MFD_CLOEXEC);
    if (value) this.openFlags |= OPEN_FLAG.CLOEXEC;
  }

  /** A copy that lives on its own: tables of forked processes, duplicated descriptors. */
  clone(): Fd {
    const copy = new Fd(this.kind);
    copy.name = this.name;
    copy.nameRaw = this.nameRaw;
    copy.oldName = this.oldName;
    copy.openFlags = this.openFlags;
    copy.mountId = this.mountId;
    copy.dev = this.dev;
    copy.ino = this.ino;
    copy.pid = this.pid;
    copy.l4 = this.l4;
    copy.role = this.role;
    copy.connected = this.connected;
    copy.layer = this.layer;
    copy.ends = this.ends && { ...this.ends };
    copy.unixSource = this.unixSource;
    copy.unixDestination = this.unixDestination;
    return copy;
  }
}
