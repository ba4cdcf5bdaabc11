import { releaseOwnText } from "../ffi/own-text.ts";

/** When start-up is over for good, in milliseconds from the first event on. */
const SETTLED_MS = 5000;

/** Gives back the memory that only starting took: parsed configuration and rules, and code that does not run again. */
export function clearNow(): void {
  Bun.gc(true);
  releaseOwnText();
}

let settling: ReturnType<typeof setTimeout> | undefined;

/** The same, once nothing more is to be expected of starting. */
export function clearAfterStart(): void {
  clearTimeout(settling);
  settling = setTimeout(clearNow, SETTLED_MS);
  settling.unref();
}

/** The same after a reload; what was parsed goes at once, since many reloads may follow each other. */
export function clearAfterReload(): void {
  Bun.gc(true);
  clearAfterStart();
}
