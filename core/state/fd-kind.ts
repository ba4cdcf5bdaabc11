import { FD } from "./fd.ts";

interface KindText {
  /** What `fd.type` shows; `<NA>` for kinds without a name. */
  readonly name: string;
  readonly char: string;
}

// The index is the kind's number (FD).
const KINDS: readonly KindText[] = [
  { name: "<NA>", char: "o" },
  { name: "file", char: "f" },
  { name: "directory", char: "d" },
  { name: "ipv4", char: "4" },
  { name: "ipv6", char: "6" },
  { name: "ipv4", char: "4" },
  { name: "ipv6", char: "6" },
  { name: "pipe", char: "p" },
  { name: "unix", char: "u" },
  { name: "event", char: "e" },
  { name: "<NA>", char: "X" },
  { name: "signalfd", char: "s" },
  { name: "eventpoll", char: "l" },
  { name: "inotify", char: "i" },
  { name: "timerfd", char: "t" },
  { name: "netlink", char: "n" },
  { name: "file", char: "f" },
  { name: "bpf", char: "b" },
  { name: "userfaultfd", char: "u" },
  { name: "io_uring", char: "r" },
  { name: "memfd", char: "m" },
  { name: "pidfd", char: "P" },
];
const UNKNOWN = KINDS[0]!;

export const typeName = (kind: number): string => (KINDS[kind] ?? UNKNOWN).name;
export const typeChar = (kind: number): string => (KINDS[kind] ?? UNKNOWN).char;

export const isInet = (kind: number): boolean => kind >= FD.IPV4_SOCK && kind <= FD.IPV6_SERVSOCK;
export const isConnectedInet = (kind: number): boolean => kind === FD.IPV4_SOCK || kind === FD.IPV6_SOCK;
export const isListening = (kind: number): boolean => kind === FD.IPV4_SERVSOCK || kind === FD.IPV6_SERVSOCK;
export const isFile = (kind: number): boolean => kind === FD.FILE || kind === FD.FILE_V2;
