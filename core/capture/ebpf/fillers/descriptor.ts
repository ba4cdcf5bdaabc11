import { FCNTL_VALUES, OPEN_BITS } from "../../../schema/native-flags.ts";
import type { Architecture } from "../architecture.ts";
import type { FillerSet } from "../program.ts";
import { arg, bits, combine, fdArg, masked, result, shiftLeft, translate, uint } from "../values.ts";

const FLOCK_OPERATIONS = 15;

/** Calls on descriptors that neither read nor write. */
export function descriptorFillers(arch: Architecture): FillerSet {
  const listed = { params: { res: result, fd: fdArg(0) } };
  const wide = combine("or", uint(arg(2)), shiftLeft(arg(1), 32));
  return {
    SYSCALL_LSEEK_X: { params: { res: result, fd: fdArg(0), offset: arg(1), whence: arg(2) } },
    SYSCALL_LLSEEK_X: { params: { res: result, fd: fdArg(0), offset: wide, whence: arg(4) } },
    SYSCALL_IOCTL_3_X: { params: { res: result, fd: fdArg(0), request: arg(1), argument: arg(2) } },
    SYSCALL_FLOCK_X: {
      params: { res: result, fd: fdArg(0), operation: masked(arg(1), FLOCK_OPERATIONS) },
    },
    SYSCALL_GETDENTS_X: listed,
    SYSCALL_GETDENTS64_X: listed,
    SYSCALL_CLOSE_X: { params: { res: result, fd: fdArg(0) } },
    SYSCALL_CLOSE_RANGE_X: {
      params: {
        res: result,
        first: arg(0),
        last: arg(1),
        flags: bits(arg(2), [
          [2, 2],
          [4, 4],
        ]),
      },
    },
    SYSCALL_DUP_1_X: { params: { res: result, oldfd: fdArg(0) } },
    SYSCALL_DUP2_X: { params: { res: result, oldfd: fdArg(0), newfd: fdArg(1) } },
    SYSCALL_DUP3_X: {
      params: { res: result, oldfd: fdArg(0), newfd: fdArg(1), flags: bits(arg(2), OPEN_BITS[arch.name]) },
    },
    SYSCALL_FCNTL_X: {
      params: { res: result, fd: fdArg(0), cmd: translate(uint(arg(1)), FCNTL_VALUES, 0), arg: arg(2) },
    },
  };
}
