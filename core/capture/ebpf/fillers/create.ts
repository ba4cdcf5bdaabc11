import {
  DESCRIPTOR_BITS,
  EPOLL_CREATE_BITS,
  IO_URING_SETUP_BITS,
  OPEN_BITS,
  PIDFD_OPEN_BITS,
} from "../../../schema/native-flags.ts";
import type { Architecture } from "../architecture.ts";
import type { Value } from "../emitter.ts";
import { fileInode, fileOf } from "../file-values.ts";
import type { FillerSet } from "../program.ts";
import { sockOf } from "../socket-writers.ts";
import { arg, bits, constant, fdArg, int, member, result, shared, uint, userRead, when } from "../values.ts";

const res = result;
const zero = constant(0);
const succeeded = (value: Value): Value => when(result, "eq", 0, value, zero);

/** The two descriptors that a call stored at a user address. */
const pair = (at: Value) => ({ fd1: int(userRead(at, 0, 4)), fd2: int(userRead(at, 4, 4)) });

const IO_URING_FEATURES = 0x7ff;
const IO_URING_ENTER_FLAGS = 0xf;

/** Calls that make descriptors of other things than files and sockets, and what io_uring does with its own. */
export function createFillers(arch: Architecture): FillerSet {
  const pipe = { res, ...pair(arg(0)), ino: succeeded(fileInode(fileOf(userRead(arg(0), 0, 4)))) };
  const sock = shared(succeeded(sockOf(fileOf(userRead(arg(3), 0, 4)))));
  const descriptorFlags = (index: number): Value => bits(arg(index), DESCRIPTOR_BITS);
  // struct io_uring_params { u32 sq_entries, cq_entries, flags, sq_thread_cpu, sq_thread_idle, features, … }
  const ring = (word: number): Value => userRead(arg(1), 4 * word, 4);
  return {
    SYSCALL_PIPE_X: { params: pipe },
    SYSCALL_PIPE2_X: { params: { ...pipe, flags: bits(arg(1), OPEN_BITS[arch.name]) } },
    SOCKET_SOCKETPAIR_X: {
      params: {
        res,
        ...pair(arg(3)),
        source: sock,
        peer: member(sock, "unix_sock", "peer"),
        domain: uint(arg(0)),
        type: uint(arg(1)),
        proto: uint(arg(2)),
      },
    },
    SYSCALL_EVENTFD_X: { params: { res, initval: arg(0), flags: zero } },
    SYSCALL_EVENTFD2_X: { params: { res, flags: descriptorFlags(1), initval: uint(arg(0)) } },
    SYSCALL_SIGNALFD_X: { params: { res, fd: fdArg(0), mask: zero, flags: zero } },
    SYSCALL_SIGNALFD4_X: { params: { res, flags: descriptorFlags(3), fd: fdArg(0), mask: zero } },
    SYSCALL_TIMERFD_CREATE_X: { params: { res, clockid: arg(0), flags: descriptorFlags(1) } },
    SYSCALL_INOTIFY_INIT_X: { params: { res, flags: zero } },
    SYSCALL_INOTIFY_INIT1_X: { params: { res, flags: descriptorFlags(0) } },
    SYSCALL_EPOLL_CREATE_X: { params: { res, size: int(arg(0)) } },
    SYSCALL_EPOLL_CREATE1_X: { params: { res, flags: bits(arg(0), EPOLL_CREATE_BITS) } },
    SYSCALL_PIDFD_OPEN_X: { params: { fd: res, pid: int(arg(0)), flags: bits(arg(1), PIDFD_OPEN_BITS) } },
    SYSCALL_PIDFD_GETFD_X: {
      params: { fd: res, pid_fd: fdArg(0), target_fd: fdArg(1), flags: uint(arg(2)) },
    },
    SYSCALL_IO_URING_SETUP_X: {
      params: {
        res,
        entries: uint(arg(0)),
        sq_entries: ring(0),
        cq_entries: ring(1),
        flags: bits(ring(2), IO_URING_SETUP_BITS),
        sq_thread_cpu: ring(3),
        sq_thread_idle: ring(4),
        features: (k) => {
          ring(5)(k);
          k.alu("and", IO_URING_FEATURES);
        },
      },
    },
    SYSCALL_IO_URING_ENTER_X: {
      params: {
        res,
        fd: fdArg(0),
        to_submit: uint(arg(1)),
        min_complete: uint(arg(2)),
        flags: (k) => {
          arg(3)(k);
          k.alu("and", IO_URING_ENTER_FLAGS);
        },
        sig: uint(arg(4)),
      },
    },
    SYSCALL_IO_URING_REGISTER_X: {
      params: { res, fd: fdArg(0), opcode: arg(1), arg: arg(2), nr_args: uint(arg(3)) },
    },
  };
}
