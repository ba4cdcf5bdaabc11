import { ptr } from "bun:ffi";
import { libc } from "./libc.ts";

const USERFAULTFD = { x64: 323, arm64: 282 }[process.arch as string];
const O_CLOEXEC = 0o2000000;
const UFFD_USER_MODE_ONLY = 1;
const UFFD_API = 0xaan;
const UFFD_FEATURE_WP_ASYNC = 1n << 15n;
const UFFDIO_API = 0xc018_aa3f;
const UFFDIO_REGISTER = 0xc020_aa00;
const UFFDIO_REGISTER_MODE_WP = 2n;

/** Open as long as the program runs: the kernel forgets with it what was asked for. */
let descriptor: number | undefined;

/** A descriptor of userfaultfd(2) that can have any mapping's writes noted (Linux 6.7); -1 where there is none. */
function open(): number {
  // Public rules tell of others who use it, and they are right to.
  if (USERFAULTFD === undefined || process.getuid?.() !== 0) return -1;
  const { syscall, ioctl, close } = libc();
  const fd = Number(syscall(USERFAULTFD, O_CLOEXEC | UFFD_USER_MODE_ONLY, 0, 0, 0, 0, 0));
  if (fd < 0) return -1;
  const api = new BigUint64Array([UFFD_API, UFFD_FEATURE_WP_ASYNC, 0n]);
  if (ioctl(fd, UFFDIO_API, ptr(api)) === 0) return fd;
  close(fd);
  return -1;
}

/**
 * Asks the kernel to bring in no neighbours of a page of this mapping that is touched. It maps the sixteen pages around, which of a program
 * most of whose code never runs makes two thirds of what is resident of it. There is no call that says so, but it leaves that
 * off where writes are noted; here nobody writes, so nothing else changes. False where that is not to be had: all stays as it was.
 */
export function stopFaultAround(start: number, length: number): boolean {
  descriptor ??= open();
  if (descriptor < 0) return false;
  const range = new BigUint64Array([BigInt(start), BigInt(length), UFFDIO_REGISTER_MODE_WP, 0n]);
  libc().ioctl(descriptor, UFFDIO_REGISTER, ptr(range));
  return true;
}
