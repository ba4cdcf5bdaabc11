import { FD } from "../../state/fd.ts";

/**
 * What state may have of a descriptor, as bits: any of these kinds, or no entry, which can never be ruled out. INET6 is any socket of the network, since one of IPv6
 * becomes one of IPv4 when it talks to such. CONNECTED: if it is of the network, state has it as connected. NOTHING: at most no entry.
 */
export const KIND = {
  FILE: 0x1,
  DIRECTORY: 0x2,
  INET4: 0x4,
  INET6: 0x8,
  PIPE: 0x10,
  UNIX: 0x20,
  NETLINK: 0x40,
  MEMFD: 0x80,
  OTHER: 0x100,
  USERFAULTFD: 0x200,
  UNNAMED: 0x400,
  CONNECTED: 0x1000,
  NOTHING: 0x2000,
} as const;

export const INET = KIND.INET4 | KIND.INET6;

/** Kinds by their bit, and how people call them. */
export const KINDS: readonly {
  readonly bit: number;
  readonly kinds: readonly number[];
  readonly name: string;
}[] = [
  { bit: KIND.FILE, kinds: [FD.FILE, FD.FILE_V2], name: "file" },
  { bit: KIND.DIRECTORY, kinds: [FD.DIRECTORY], name: "directory" },
  { bit: KIND.INET4, kinds: [FD.IPV4_SOCK, FD.IPV4_SERVSOCK], name: "ipv4" },
  {
    bit: KIND.INET6,
    kinds: [FD.IPV4_SOCK, FD.IPV4_SERVSOCK, FD.IPV6_SOCK, FD.IPV6_SERVSOCK],
    name: "ipv6",
  },
  { bit: KIND.PIPE, kinds: [FD.FIFO], name: "pipe" },
  { bit: KIND.UNIX, kinds: [FD.UNIX_SOCK], name: "unix" },
  { bit: KIND.NETLINK, kinds: [FD.NETLINK], name: "netlink" },
  { bit: KIND.MEMFD, kinds: [FD.MEMFD], name: "memfd" },
  {
    bit: KIND.OTHER,
    kinds: [
      FD.EVENT,
      FD.UNSUPPORTED,
      FD.SIGNALFD,
      FD.EVENTPOLL,
      FD.INOTIFY,
      FD.TIMERFD,
      FD.BPF,
      FD.IO_URING,
      FD.PIDFD,
    ],
    name: "others",
  },
  // A kind of its own since its character is that of unix sockets.
  { bit: KIND.USERFAULTFD, kinds: [FD.USERFAULTFD], name: "userfaultfd" },
  { bit: KIND.UNNAMED, kinds: [FD.UNKNOWN, FD.UNINITIALIZED], name: "unnamed" },
];

export const ALL_KINDS = KINDS.reduce((all, { bit }) => all | bit, 0);

/** Bits of a descriptor that state has as this kind (FD). */
export function kindBits(kind: number, isConnected: boolean): number {
  if (kind === FD.IPV6_SOCK || kind === FD.IPV6_SERVSOCK)
    return KIND.INET6 | (isConnected ? KIND.CONNECTED : 0);
  const { bit } = KINDS.find(({ kinds }) => kinds.includes(kind)) ?? { bit: KIND.UNNAMED };
  return bit | (bit !== KIND.INET4 || isConnected ? KIND.CONNECTED : 0);
}
