import { ptr } from "bun:ffi";
import { libc } from "../../ffi/libc.ts";

const CLOCK_REALTIME = 0;
/** struct timespec */
const time = new BigInt64Array(2);

/** Nanoseconds since the epoch. */
export function now(): bigint {
  libc().clock_gettime(CLOCK_REALTIME, ptr(time));
  return time[0]! * 1_000_000_000n + time[1]!;
}
