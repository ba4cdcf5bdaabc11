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
  readonly #known: (Known<T> | undefined)[] = new Array(SLOTS).fill(undefined);
  readonly #decode: (event: EventCursor, index: number) => T;

  constructor(decode: (event: EventCursor, index: number) => T) {
    this.#decode = decode;
  }

  /** What the parameter, or all up to the last, decode to; the same object for the same bytes, so nobody may change it. */
  get(event: EventCursor, index: number, last = index): T {
    const at = event.at(index);
    const size = event.at(last) + event.size(last) - at;
    if (size === 0 || size > MAX_SIZE) return this.#decode(event, index);
    const { bytes, view } = event;
    const slot = slotOf(bytes, view, at, size);
    const known = this.#known[slot];
    if (known !== undefined && known.bytes.length === size && isSame(known, bytes, view, at))
      return known.value;
    const value = this.#decode(event, index);
    const copy = Buffer.from(bytes.subarray(at, at + size));
    this.#known[slot] = { bytes: copy, view: new DataView(copy.buffer, copy.byteOffset, size), value };
    return value;
  }
}

interface Known<T> {
  readonly bytes: Buffer;
  readonly view: DataView;
  readonly value: T;
}

/** Calling the native comparison costs more than a short loop. */
const SHORT = 192;

function isSame(
  { bytes: known, view: words }: Known<unknown>,
  bytes: Buffer,
  view: DataView,
  at: number,
): boolean {
  const size = known.length;
  if (size > SHORT) return bytes.compare(known, 0, size, at, at + size) === 0;
  let i = 0;
  for (; i <= size - 4; i += 4) if (words.getInt32(i, true) !== view.getInt32(at + i, true)) return false;
  for (; i < size; i++) if (known[i] !== bytes[at + i]) return false;
  return true;
}

/** A few words from all over are enough to spread; equality is checked on all of them. */
function slotOf(bytes: Buffer, view: DataView, at: number, size: number): number {
  let hash = size ^ (bytes[at + size - 1]! << 8);
  if (size >= 4) {
    const step = (size >>> 3) + 1;
    for (let i = at + size - 4; i >= at; i -= step) hash = (Math.imul(hash, 31) + view.getInt32(i, true)) | 0;
  } else for (let i = at; i < at + size; i++) hash = (Math.imul(hash, 31) + bytes[i]!) | 0;
  hash ^= hash >>> 16;
  return (hash ^ (hash >>> 10)) & (SLOTS - 1);
}
