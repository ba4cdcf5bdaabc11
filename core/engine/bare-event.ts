import { EventCursor } from "../event/cursor.ts";
import { EVENT_HEADER_SIZE } from "../event/source.ts";
import type { Context } from "../fields/field.ts";
import { EVENTS } from "../schema/events.ts";
import { State } from "../state/state.ts";
import { Thread } from "../state/thread.ts";

/** An event of which only one parameter is there, of a thread without descriptors: what conditions that look at nothing else are tried on. */
export class BareEvent {
  readonly #context: Context;
  readonly #bytes: Buffer;
  readonly #event = new EventCursor();

  /** An event of type `code`, whose parameter `index` is of `size` bytes, at most 8. */
  constructor(code: number, index: number, size: number) {
    const count = EVENTS[code]!.params.length;
    this.#bytes = Buffer.alloc(EVENT_HEADER_SIZE + 2 * count + 8);
    this.#bytes.writeUInt32LE(EVENT_HEADER_SIZE + 2 * count + size, 16);
    this.#bytes.writeUInt16LE(code, 20);
    this.#bytes.writeUInt32LE(count, 22);
    this.#bytes.writeUInt16LE(size, EVENT_HEADER_SIZE + 2 * index);
    const state = new State();
    const thread = new Thread(1);
    thread.lastEventFd = -1;
    state.thread = thread;
    this.#context = { event: this.#event, state };
  }

  /** The event with this value of the parameter. */
  with(value: number): Context {
    const bytes = this.#bytes;
    bytes.writeBigInt64LE(BigInt(value), bytes.length - 8);
    this.#event.set(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, 0);
    return this.#context;
  }
}
