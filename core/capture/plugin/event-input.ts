// hot path
import { ptr } from "bun:ffi";
import type { EventCursor } from "../../event/cursor.ts";
import { NativeBlock, nativeText } from "./native-block.ts";

/**
 * The event as plugins are shown it (ss_plugin_event_input): where its record lies, its number, its source's name.
 *
 *   | record* | number u64 | source* |
 */
export class EventInput {
  readonly #block = new NativeBlock(24);
  readonly #names = new Map<string, NativeBlock>();
  /** The memory of the last record: asked for its address once. */
  #memory: Buffer | undefined;
  #base = 0;
  #source: string | undefined;

  /** Shows the cursor's event; returns the structure's address. */
  show(event: EventCursor, source: string): number {
    if (event.bytes !== this.#memory) {
      this.#memory = event.bytes;
      this.#base = ptr(event.bytes);
    }
    this.#block.setAddress(0, this.#base + event.offset);
    this.#block.setAddress(8, event.num);
    if (source !== this.#source) this.#name(source);
    return this.#block.address;
  }

  #name(source: string): void {
    let name = this.#names.get(source);
    if (!name) {
      name = nativeText(source);
      this.#names.set(source, name);
    }
    this.#source = source;
    this.#block.setAddress(16, name.address);
  }
}
