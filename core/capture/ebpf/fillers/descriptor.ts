import { FCNTL_VALUES, OPEN_BITS } from "../../../schema/native-flags.ts";
import type { Architecture } from "../architecture.ts";
import type { FillerSet } from "../program.ts";
import { arg, bits, fdArg, result, translate, uint } from "../values.ts";

/** Closing and duplicating descriptors. */
export function descriptorFillers(arch: Architecture): FillerSet {
  return {
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
