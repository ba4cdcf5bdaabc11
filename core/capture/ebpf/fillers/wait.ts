import { polled } from "../data-writers.ts";
import type { Value } from "../emitter.ts";
import type { FillerSet } from "../program.ts";
import { arg, combine, constant, int, masked, result, uint, userRead, userWord } from "../values.ts";

const res = result;
const FUTEX_COMMAND = 127;

/** Nanoseconds of the struct timespec at a user address. */
function timespec(at: Value): Value {
  const whole = combine("mul", userWord(at, 0), constant(1_000_000_000));
  return combine("add", whole, userWord(at, 1));
}

/** Waiting for descriptors, time and other threads. */
export function waitFillers(): FillerSet {
  const fds = polled(arg(0), uint(arg(1)));
  return {
    SYSCALL_POLL_X: { params: { res, fds, timeout: int(arg(2)) } },
    SYSCALL_PPOLL_X: { params: { res, fds, timeout: timespec(arg(2)), sigmask: userRead(arg(3), 0, 4) } },
    SYSCALL_SELECT_X: { params: { res } },
    SYSCALL_EPOLLWAIT_X: { params: { res, maxevents: int(arg(2)) } },
    SYSCALL_NANOSLEEP_X: { params: { res, interval: timespec(arg(0)) } },
    SYSCALL_FUTEX_X: { params: { res, addr: arg(0), op: masked(arg(1), FUTEX_COMMAND), val: arg(2) } },
  };
}
