import { MMAP_BITS, PROT_BITS } from "../../../schema/native-flags.ts";
import type { Architecture } from "../architecture.ts";
import type { FillerSet } from "../program.ts";
import { TaskValues } from "../task-values.ts";
import { arg, bits, currentTask, fdArg, masked, result, uint } from "../values.ts";
import { userString } from "../writers.ts";

const res = result;
const MLOCKALL_FLAGS = 7;
const MLOCK_ONFAULT = 1;
const MEMFD_FLAGS = 7;

/** Mapping and locking memory. */
export function memoryFillers(arch: Architecture): FillerSet {
  const task = new TaskValues(currentTask);
  const sizes = { vm_size: task.vmSize, vm_rss: task.vmRss, vm_swap: task.vmSwap };
  const area = { addr: arg(0), length: arg(1) };
  const locked = { addr: arg(0), len: arg(1) };
  const mapped = {
    res,
    ...sizes,
    ...area,
    prot: bits(arg(2), PROT_BITS),
    flags: bits(arg(3), MMAP_BITS[arch.name]),
    fd: fdArg(4),
  };
  return {
    SYSCALL_BRK_4_X: { params: { res, ...sizes, addr: arg(0) } },
    SYSCALL_MMAP_X: { params: { ...mapped, offset: arg(5) } },
    SYSCALL_MMAP2_X: { params: { ...mapped, pgoffset: arg(5) } },
    SYSCALL_MUNMAP_X: { params: { res, ...sizes, ...area } },
    SYSCALL_MPROTECT_X: { params: { res, ...area, prot: bits(arg(2), PROT_BITS) } },
    SYSCALL_MLOCK_X: { params: { res, ...locked } },
    SYSCALL_MUNLOCK_X: { params: { res, ...locked } },
    SYSCALL_MLOCK2_X: { params: { res, ...locked, flags: masked(arg(2), MLOCK_ONFAULT) } },
    SYSCALL_MLOCKALL_X: { params: { res, flags: masked(arg(0), MLOCKALL_FLAGS) } },
    SYSCALL_MUNLOCKALL_X: { params: { res } },
    SYSCALL_MEMFD_CREATE_X: {
      params: { fd: res, name: userString(arg(0)), flags: masked(uint(arg(1)), MEMFD_FLAGS) },
    },
    SYSCALL_USERFAULTFD_X: { params: { res, flags: uint(arg(0)) } },
  };
}
