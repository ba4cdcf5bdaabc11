import { releaseOwnText } from "../ffi/own-text.ts";

/** When start-up is over for good, in milliseconds from the first event on. */
const SETTLED_MS = 5000;

let settling: ReturnType<typeof setTimeout> | undefined;

/** Gives back the memory that only starting took: parsed configuration and rules, and code that does not run again. */
export function clearAfterStart(): void {
  clearTimeout(settling);
  settling = setTimeout(() => {
    Bun.gc(true);
    releaseOwnText();
  }, SETTLED_MS);
  settling.unref();
}

/** The same after a reload; what was parsed goes at once, since many reloads may follow each other. */
export function clearAfterReload(): void {
  Bun.gc(true);
  clearAfterStart();
}
