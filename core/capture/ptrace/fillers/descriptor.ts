import { FCNTL_VALUES, OPEN_BITS } from "../../../schema/native-flags.ts";
import type { FillerSet } from "../filler.ts";
import { ARCH } from "../machine.ts";
import { arg, bits, int, masked, result, translate, uint } from "../values.ts";

const FLOCK_OPERATIONS = 15;
const CLOSE_RANGE_BITS = [
  [2, 2],
  [4, 4],
] as const;
const listed = { res: result, fd: int(0) };

/** Calls on descriptors that neither read nor write. */
export const descriptorFillers: FillerSet = {
  SYSCALL_LSEEK_X: { res: result, fd: int(0), offset: arg(1), whence: uint(2) },
  SYSCALL_LLSEEK_X: {
    res: result,
    fd: int(0),
    offset: (call) => BigInt(uint(2)(call)) | (call.args[1]! << 32n),
    whence: uint(4),
  },
  SYSCALL_IOCTL_3_X: { res: result, fd: int(0), request: arg(1), argument: arg(2) },
  SYSCALL_FLOCK_X: { res: result, fd: int(0), operation: masked(1, FLOCK_OPERATIONS) },
  SYSCALL_GETDENTS_X: listed,
  SYSCALL_GETDENTS64_X: listed,
  SYSCALL_CLOSE_X: { res: result, fd: int(0) },
  SYSCALL_CLOSE_RANGE_X: { res: result, first: arg(0), last: arg(1), flags: bits(arg(2), CLOSE_RANGE_BITS) },
  SYSCALL_DUP_1_X: { res: result, oldfd: int(0) },
  SYSCALL_DUP2_X: { res: result, oldfd: int(0), newfd: int(1) },
  SYSCALL_DUP3_X: { res: result, oldfd: int(0), newfd: int(1), flags: bits(arg(2), OPEN_BITS[ARCH]) },
  SYSCALL_FCNTL_X: { res: result, fd: int(0), cmd: translate(uint(1), FCNTL_VALUES, 0), arg: arg(2) },
};
