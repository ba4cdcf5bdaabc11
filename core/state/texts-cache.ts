// hot path
import type { EventCursor } from "../event/cursor.ts";

const SLOTS = 1024;
/** Longer parameters are rare and would keep much memory. */
const MAX_SIZE = 8192;

/**
 * Lists of texts by the bytes they were decoded from. Arguments, environments and control groups of processes
 * repeat: a shell's children have its environment, a container's processes its control groups.
 */
export class TextsCache<T> {
  readonly #bytes: (Buffer | undefined)[] = new Array(SLOTS).fill(undefined);
  readonly #values: (T | undefined)[] = new Array(SLOTS).fill(undefined);
  readonly #decode: (event: EventCursor, index: number) => T;

  constructor(decode: (event: EventCursor, index: number) => T) {
    this.#decode = decode;
  }

  /** What the parameter, or all up to the last, decode to; the same object for the same bytes, so nobody may change it. */
  get(event: EventCursor, index: number, last = index): T {
    const at = event.at(index);
    const size = event.at(last) + event.size(last) - at;
    if (size === 0 || size > MAX_SIZE) return this.#decode(event, index);
    const { bytes } = event;
    const slot = slotOf(bytes, at, size);
    const known = this.#bytes[slot];
    if (known && known.length === size && isSame(known, bytes, at)) {
      return this.#values[slot] as T;
    }
    const value = this.#decode(event, index);
    this.#bytes[slot] = Buffer.from(bytes.subarray(at, at + size));
    this.#values[slot] = value;
    return value;
  }
}

/** Calling the native comparison costs more than a short loop. */
const SHORT = 96;

function isSame(known: Buffer, bytes: Buffer, at: number): boolean {
  const size = known.length;
  if (size > SHORT) return bytes.compare(known, 0, size, at, at + size) === 0;
  for (let i = 0; i < size; i++) if (known[i] !== bytes[at + i]) return false;
  return true;
}

/** A few bytes from all over are enough to spread; equality is checked on all of them. */
function slotOf(bytes: Buffer, at: number, size: number): number {
  let hash = size;
  const step = (size >>> 4) + 1;
  for (let i = size - 1; i >= 0; i -= step) hash = (Math.imul(hash, 31) + bytes[at + i]!) | 0;
  return (hash ^ (hash >>> 13)) & (SLOTS - 1);
}
