import { ptr } from "bun:ffi";
import { libc } from "../../ffi/libc.ts";

const CLOCK_REALTIME = 0;
const CLOCK_BOOTTIME = 7;

function clock(id: number): bigint {
  const time = new BigInt64Array(2);
  libc().clock_gettime(id, ptr(time));
  return time[0]! * 1_000_000_000n + time[1]!;
}

/** Nanoseconds since boot, time asleep included. */
export const sinceBoot = (): bigint => clock(CLOCK_BOOTTIME);

/** Nanoseconds since the epoch at boot, as the clocks stand now. */
export function bootTime(): bigint {
  return clock(CLOCK_REALTIME) - sinceBoot();
}
