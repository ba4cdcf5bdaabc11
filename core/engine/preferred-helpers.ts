import { preferHelpers } from "../ffi/prefer-thread.ts";

/** Events of one batch from which on there is much to do. */
const MANY = 512;
const LOOK_MS = 1000;

/**
 * Keeps the JavaScript engine's helpers preferred while many events come: they come and go, and one that doesn't get to run on a busy machine holds up
 * the thread that empties the kernel's buffer, by tenths of a second.
 */
export class PreferredHelpers {
  #nextLook = 0;

  /** After each batch, with the number of its events. */
  waited(events: number): void {
    if (events < MANY) return;
    const now = performance.now();
    if (now < this.#nextLook) return;
    this.#nextLook = now + LOOK_MS;
    preferHelpers();
  }
}
