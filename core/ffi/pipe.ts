import { errno, libc } from "./libc.ts";
import { SystemError } from "./system-error.ts";

const O_CLOEXEC = 0o2000000;

/** A pipe; both ends close on exec. */
export function openPipe(): { readonly readEnd: number; readonly writeEnd: number } {
  const ends = new Int32Array(2);
  if (libc().pipe2(ends, O_CLOEXEC) !== 0) throw new SystemError("pipe2", errno());
  return { readEnd: ends[0]!, writeEnd: ends[1]! };
}

/** Closes a descriptor that did not come from node:fs. */
export const closeFd = (fd: number): void => void libc().close(fd);
