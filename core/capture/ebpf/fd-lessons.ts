import { KIND } from "./fd-kinds.ts";
import type { EventId } from "./program.ts";

const { FILE, INET4, INET6, PIPE, UNIX, NETLINK, MEMFD, OTHER, USERFAULTFD, UNNAMED, CONNECTED } = KIND;
export const AF_UNIX = 1;
const [AF_INET, AF_NETLINK, AF_INET6] = [2, 16, 10];

/** By address family: what a socket is. */
export type OfFamily = readonly (readonly [family: number, bits: number])[];

/** What state makes of a descriptor, as bits of KIND. */
export type Becomes =
  | { readonly how: "is"; readonly bits: number }
  /** A directory where the call asked for one in the flags of an argument; either where these lie in memory. */
  | { readonly how: "opened"; readonly flagsArgument: number | undefined }
  | {
      readonly how: "socket";
      readonly domainArgument: number;
      readonly of: OfFamily;
      readonly otherwise: number;
    }
  /** What the family in this parameter says; as it was where that is none of these. */
  | { readonly how: "tuple"; readonly parameter: string; readonly of: OfFamily }
  /** As it was, or what the family says. */
  | { readonly how: "maybe"; readonly parameter: string; readonly of: OfFamily }
  /** As the other one, if state has that, else as it was. */
  | { readonly how: "copy"; readonly from: string }
  /** Whatever it may be. */
  | { readonly how: "unknown" };

/** What state learns of kinds of descriptors from an event, where the call succeeded. */
export interface FdLesson {
  /** Parameters that hold the descriptors. */
  readonly of: readonly string[];
  readonly becomes: Becomes;
  /** An argument has to have one of these values. */
  readonly only?: { readonly argument: number; readonly values: readonly number[] };
  /** Errors (positive numbers) from which as much is learnt. */
  readonly butErrors?: readonly number[];
  /** Nothing is learnt where both are the same, as they are where the caller's memory can't be read. */
  readonly distinct?: true;
  /** Control data, with which descriptors may come that are then looked up. */
  readonly control?: string;
}

const is = (bits: number): Becomes => ({ how: "is", bits: bits | CONNECTED });
const makes = (bits: number, ...of: readonly string[]): FdLesson => ({ of, becomes: is(bits) });
const opens = (flagsArgument?: number): FdLesson => ({
  of: ["fd"],
  becomes: { how: "opened", flagsArgument },
});

const EINPROGRESS = 115;
const F_DUPFD = 0;
const F_DUPFD_CLOEXEC = 1030;

const copies: FdLesson = { of: ["res"], becomes: { how: "copy", from: "oldfd" } };
const NETWORK: OfFamily = [
  [AF_INET, INET4],
  [AF_INET6, INET6],
];
const ANY: OfFamily = [...NETWORK, [AF_UNIX, UNIX]];
const ENDS: OfFamily = [
  [AF_INET, INET4 | CONNECTED],
  [AF_INET6, INET6 | CONNECTED],
];
const accepts: FdLesson = {
  of: ["fd"],
  becomes: { how: "tuple", parameter: "tuple", of: [...ENDS, [AF_UNIX, UNIX | CONNECTED]] },
};
const talks: FdLesson = { of: ["fd"], becomes: { how: "maybe", parameter: "tuple", of: ANY } };
const receives: FdLesson = { ...talks, control: "msgcontrol" };

/** All events that may change what state has of kinds. Closing does too, but that there is no entry is always possible. */
export const FD_LESSONS: Partial<Readonly<Record<EventId, FdLesson>>> = {
  SYSCALL_OPEN_X: opens(1),
  SYSCALL_OPENAT_2_X: opens(2),
  SYSCALL_OPENAT2_X: opens(),
  SYSCALL_OPEN_BY_HANDLE_AT_X: opens(2),
  SYSCALL_CREAT_X: makes(FILE, "fd"),
  SYSCALL_MEMFD_CREATE_X: makes(MEMFD, "fd"),
  SOCKET_SOCKET_X: {
    of: ["fd"],
    becomes: {
      how: "socket",
      domainArgument: 0,
      of: [...NETWORK, [AF_UNIX, UNIX | CONNECTED], [AF_NETLINK, NETLINK | CONNECTED]],
      otherwise: UNNAMED | CONNECTED,
    },
  },
  SOCKET_SOCKETPAIR_X: { ...makes(UNIX, "fd1", "fd2"), distinct: true },
  SOCKET_ACCEPT_5_X: accepts,
  SOCKET_ACCEPT4_6_X: accepts,
  SOCKET_BIND_X: { of: ["fd"], becomes: { how: "maybe", parameter: "addr", of: NETWORK } },
  SOCKET_CONNECT_X: {
    of: ["fd"],
    becomes: { how: "tuple", parameter: "tuple", of: ENDS },
    butErrors: [EINPROGRESS],
  },
  SOCKET_SEND_X: talks,
  SOCKET_SENDTO_X: talks,
  SOCKET_SENDMSG_X: talks,
  SOCKET_SENDMMSG_X: talks,
  SOCKET_RECV_X: talks,
  SOCKET_RECVFROM_X: talks,
  SOCKET_RECVMSG_X: receives,
  SOCKET_RECVMMSG_X: receives,
  SYSCALL_PIPE_X: makes(PIPE, "fd1", "fd2"),
  SYSCALL_PIPE2_X: makes(PIPE, "fd1", "fd2"),
  SYSCALL_DUP_1_X: copies,
  SYSCALL_DUP2_X: copies,
  SYSCALL_DUP3_X: copies,
  SYSCALL_FCNTL_X: {
    of: ["res"],
    becomes: { how: "copy", from: "fd" },
    only: { argument: 1, values: [F_DUPFD, F_DUPFD_CLOEXEC] },
  },
  SYSCALL_EVENTFD_X: makes(OTHER, "res"),
  SYSCALL_EVENTFD2_X: makes(OTHER, "res"),
  SYSCALL_SIGNALFD_X: makes(OTHER, "res"),
  SYSCALL_SIGNALFD4_X: makes(OTHER, "res"),
  SYSCALL_TIMERFD_CREATE_X: makes(OTHER, "res"),
  SYSCALL_INOTIFY_INIT_X: makes(OTHER, "res"),
  SYSCALL_INOTIFY_INIT1_X: makes(OTHER, "res"),
  // Whatever the command, as the reference has it.
  SYSCALL_BPF_2_X: makes(OTHER, "fd"),
  SYSCALL_USERFAULTFD_X: makes(USERFAULTFD, "res"),
  SYSCALL_IO_URING_SETUP_X: makes(OTHER, "res"),
  SYSCALL_EPOLL_CREATE_X: makes(OTHER, "res"),
  SYSCALL_EPOLL_CREATE1_X: makes(OTHER, "res"),
  SYSCALL_PIDFD_OPEN_X: makes(OTHER, "fd"),
  SYSCALL_PIDFD_GETFD_X: { of: ["fd"], becomes: { how: "unknown" } },
};
