import { releaseOwnText } from "../ffi/own-text.ts";

/** When start-up is over for good, in milliseconds from the first event on. */
const SETTLED_MS = 5000;

/** Gives back the memory that only starting took: parsed configuration and rules, and code that does not run again. */
export function clearAfterStart(): void {
  setTimeout(() => {
    Bun.gc(true);
    releaseOwnText();
  }, SETTLED_MS).unref();
}
