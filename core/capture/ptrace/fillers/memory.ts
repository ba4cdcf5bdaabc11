import { MMAP_BITS, PROT_BITS } from "../../../schema/native-flags.ts";
import { readProc } from "../../proc/proc-files.ts";
import type { FillerSet } from "../filler.ts";
import { ARCH } from "../machine.ts";
import { arg, bits, int, masked, type Read, result, text, uint } from "../values.ts";

const res = result;
const MLOCKALL_FLAGS = 7;
const MLOCK_ONFAULT = 1;
const MEMFD_FLAGS = 7;

/** Kilobytes, as /proc shows them. */
const size =
  (name: string): Read<number> =>
  (call) => {
    const status = readProc(`/proc/${call.tid}/status`)?.toString() ?? "";
    return Number(new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(status)?.[1] ?? 0);
  };

const sizes = { vm_size: size("VmSize"), vm_rss: size("VmRSS"), vm_swap: size("VmSwap") };
const area = { addr: arg(0), length: arg(1) };
const locked = { addr: arg(0), len: arg(1) };
const mapped = {
  res,
  ...sizes,
  ...area,
  prot: bits(arg(2), PROT_BITS),
  flags: bits(arg(3), MMAP_BITS[ARCH]),
  fd: int(4),
};

/** Mapping and locking memory. */
export const memoryFillers: FillerSet = {
  SYSCALL_BRK_4_X: { res, ...sizes, addr: arg(0) },
  SYSCALL_MMAP_X: { ...mapped, offset: arg(5) },
  SYSCALL_MMAP2_X: { ...mapped, pgoffset: arg(5) },
  SYSCALL_MUNMAP_X: { res, ...sizes, ...area },
  SYSCALL_MPROTECT_X: { res, ...area, prot: bits(arg(2), PROT_BITS) },
  SYSCALL_MLOCK_X: { res, ...locked },
  SYSCALL_MUNLOCK_X: { res, ...locked },
  SYSCALL_MLOCK2_X: { res, ...locked, flags: masked(2, MLOCK_ONFAULT) },
  SYSCALL_MLOCKALL_X: { res, flags: masked(0, MLOCKALL_FLAGS) },
  SYSCALL_MUNLOCKALL_X: { res },
  SYSCALL_MEMFD_CREATE_X: { fd: res, name: text(0), flags: masked(1, MEMFD_FLAGS) },
  SYSCALL_USERFAULTFD_X: { res, flags: uint(0) },
};
