import {
  DESCRIPTOR_BITS,
  EPOLL_CREATE_BITS,
  IO_URING_SETUP_BITS,
  OPEN_BITS,
  PIDFD_OPEN_BITS,
} from "../../../schema/native-flags.ts";
import { statOf } from "../../proc/proc-files.ts";
import type { FillerSet } from "../filler.ts";
import { ARCH } from "../machine.ts";
import { socketId } from "../socket-tuple.ts";
import { arg, bits, int, masked, pointed, pointedInt, type Read, result, uint } from "../values.ts";

const res = result;
const zero: Read<number> = () => 0;

const pipeInode: Read<bigint> = (call) => {
  if (call.result !== 0) return 0n;
  return statOf(`/proc/${call.tid}/fd/${pointedInt(0, 0)(call)}`)?.ino ?? 0n;
};
const end =
  (at: number): Read<bigint> =>
  (call) =>
    call.result === 0 ? socketId(call, pointedInt(3, at)(call)) : 0n;

const IO_URING_FEATURES = 0x7ffn;
const IO_URING_ENTER_FLAGS = 0xf;

const pipe = { res, fd1: pointedInt(0, 0), fd2: pointedInt(0, 4), ino: pipeInode };
const descriptorFlags = (index: number): Read<number> => bits(arg(index), DESCRIPTOR_BITS);
// struct io_uring_params { u32 sq_entries, cq_entries, flags, sq_thread_cpu, sq_thread_idle, features, … }
const ring = (word: number): Read<bigint> => pointed(1, 4 * word, 4);

/** Calls that make descriptors of other things than files and sockets, and what io_uring does with its own. */
export const createFillers: FillerSet = {
  SYSCALL_PIPE_X: pipe,
  SYSCALL_PIPE2_X: { ...pipe, flags: bits(arg(1), OPEN_BITS[ARCH]) },
  SOCKET_SOCKETPAIR_X: {
    res,
    fd1: pointedInt(3, 0),
    fd2: pointedInt(3, 4),
    source: end(0),
    peer: end(4),
    domain: uint(0),
    type: uint(1),
    proto: uint(2),
  },
  SYSCALL_EVENTFD_X: { res, initval: arg(0), flags: zero },
  SYSCALL_EVENTFD2_X: { res, flags: descriptorFlags(1), initval: uint(0) },
  SYSCALL_SIGNALFD_X: { res, fd: int(0), mask: zero, flags: zero },
  SYSCALL_SIGNALFD4_X: { res, flags: descriptorFlags(3), fd: int(0), mask: zero },
  SYSCALL_TIMERFD_CREATE_X: { res, clockid: arg(0), flags: descriptorFlags(1) },
  SYSCALL_INOTIFY_INIT_X: { res, flags: zero },
  SYSCALL_INOTIFY_INIT1_X: { res, flags: descriptorFlags(0) },
  SYSCALL_EPOLL_CREATE_X: { res, size: int(0) },
  SYSCALL_EPOLL_CREATE1_X: { res, flags: bits(arg(0), EPOLL_CREATE_BITS) },
  SYSCALL_PIDFD_OPEN_X: { fd: res, pid: int(0), flags: bits(arg(1), PIDFD_OPEN_BITS) },
  SYSCALL_PIDFD_GETFD_X: { fd: res, pid_fd: int(0), target_fd: int(1), flags: uint(2) },
  SYSCALL_IO_URING_SETUP_X: {
    res,
    entries: uint(0),
    sq_entries: ring(0),
    cq_entries: ring(1),
    flags: bits(ring(2), IO_URING_SETUP_BITS),
    sq_thread_cpu: ring(3),
    sq_thread_idle: ring(4),
    features: (call) => ring(5)(call) & IO_URING_FEATURES,
  },
  SYSCALL_IO_URING_ENTER_X: {
    res,
    fd: int(0),
    to_submit: uint(1),
    min_complete: uint(2),
    flags: masked(3, IO_URING_ENTER_FLAGS),
    sig: uint(4),
  },
  SYSCALL_IO_URING_REGISTER_X: { res, fd: int(0), opcode: arg(1), arg: arg(2), nr_args: uint(3) },
};
