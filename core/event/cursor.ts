// hot path
import { EF } from "../schema/event-row.ts";
import { EVENTS } from "../schema/events.ts";
import { EVENT_HEADER_SIZE } from "./source.ts";
import { TextCache } from "./text-cache.ts";

const MAX_PARAMS = 64;
const TWO_32 = 0x1_0000_0000;
const WIDE_LENGTHS = Uint8Array.from(EVENTS, (e) => (e.flags & EF.LARGE_PAYLOAD ? 1 : 0));

/** What a parameter's bytes are as an integer: none, one of 32 bits with sign, or one of more bits. */
const NO_INTEGER = 0;
const SMALL = 1;
const LARGE = 2;

/** One for all cursors: they look at the same texts. */
const texts = new TextCache();

/**
 * A window on one event record where it lies in memory (layout: source.ts). One cursor is moved from event
 * to event; nothing is copied or allocated. Lengths that point beyond the record read as empty parameters.
 *
 * All parameters are located, and read as integers, when the cursor moves: one loop that is compiled once. The readers
 * are so small that callers have them inlined without growing: what the JIT compiler had to do for readers that decode
 * cost as much as all events of a short replay.
 */
export class EventCursor {
  bytes: Buffer = Buffer.alloc(0);
  view: DataView = new DataView(new ArrayBuffer(0));
  offset = 0;
  cpu = 0;
  /** Running number of the event, from 1. */
  num = 0;
  /** Event code, an index of EVENTS. */
  code = 0;
  tid = 0;
  /** Halves of the time stamp, nanoseconds since the epoch. */
  timeLow = 0;
  timeHigh = 0;
  length = 0;
  paramCount = 0;

  // Entries from paramCount on are empty.
  readonly #offsets = new Int32Array(MAX_PARAMS);
  readonly #sizes = new Int32Array(MAX_PARAMS);
  readonly #kinds = new Uint8Array(MAX_PARAMS);
  /** The low 32 bits, with sign where that is all there are. */
  readonly #lows = new Int32Array(MAX_PARAMS);

  /**
   * Moves to the record at `offset`; `bytes` and `view` must span the same memory and hold the whole record. False: parameters do not lie
   * inside it.
   */
  set(bytes: Buffer, view: DataView, offset: number, cpu: number): boolean {
    this.bytes = bytes;
    this.view = view;
    this.offset = offset;
    this.cpu = cpu;
    this.timeLow = view.getUint32(offset, true);
    this.timeHigh = view.getUint32(offset + 4, true);
    const tidLow = view.getInt32(offset + 8, true);
    const tidHigh = view.getInt32(offset + 12, true);
    this.tid = tidHigh === tidLow >> 31 ? tidLow : tidHigh * TWO_32 + (tidLow >>> 0);
    this.length = view.getInt32(offset + 16, true);
    this.code = view.getUint16(offset + 20, true);
    return this.#locate(view.getInt32(offset + 22, true));
  }

  /** Nanoseconds since the epoch. Allocates: for outputs, not for matching. */
  get time(): bigint {
    return (BigInt(this.timeHigh) << 32n) | BigInt(this.timeLow);
  }

  /** Nanoseconds since the epoch as a double: right to about 256 ns. */
  get approximateTime(): number {
    return this.timeHigh * TWO_32 + this.timeLow;
  }

  #locate(params: number): boolean {
    const { view, offset } = this;
    const offsets = this.#offsets;
    const sizes = this.#sizes;
    const kinds = this.#kinds;
    const lows = this.#lows;
    const isWide = WIDE_LENGTHS[this.code] === 1;
    const width = isWide ? 4 : 2;
    const end = offset + this.length;
    let lengthAt = offset + EVENT_HEADER_SIZE;
    let fits = params >= 0 && params <= end - lengthAt;
    const paramCount = fits ? Math.min(params, MAX_PARAMS) : 0;
    for (let i = paramCount; i < this.paramCount; i++) {
      sizes[i] = 0;
      kinds[i] = NO_INTEGER;
    }
    this.paramCount = paramCount;
    let at = fits ? lengthAt + params * width : lengthAt;
    if (at > end) fits = false;
    for (let i = 0; i < paramCount; i++, lengthAt += width) {
      let size = 0;
      if (lengthAt + width <= end)
        size = isWide ? view.getUint32(lengthAt, true) : view.getUint16(lengthAt, true);
      const next = at + size;
      if (next > end) {
        size = 0;
        fits = false;
      }
      let kind = SMALL;
      let low = 0;
      if (size === 8) {
        low = view.getInt32(at, true);
        if (view.getInt32(at + 4, true) !== low >> 31) kind = LARGE;
      } else if (size === 4) low = view.getInt32(at, true);
      else if (size === 2) low = view.getInt16(at, true);
      else if (size === 1) low = view.getInt8(at);
      else kind = NO_INTEGER;
      offsets[i] = at;
      sizes[i] = size;
      kinds[i] = kind;
      lows[i] = low;
      at = next;
    }
    return fits;
  }

  /** Where parameter `i` starts in `bytes`. */
  at(i: number): number {
    return this.#offsets[i]!;
  }

  /** Bytes of parameter `i`; 0 when it is empty, missing or does not lie inside the record. */
  size(i: number): number {
    return this.#sizes[i]!;
  }

  /** Signed integer of 1, 2, 4 or 8 bytes as its length says; `fallback` when empty. Exact below 2^53. */
  int(i: number, fallback: number): number {
    const kind = this.#kinds[i];
    return kind === SMALL ? this.#lows[i]! : kind === LARGE ? this.#large(i) : fallback;
  }

  /** Unsigned counterpart of `int`. */
  uint(i: number, fallback: number): number {
    const low = this.#lows[i]!;
    return this.#kinds[i] === SMALL && low >= 0 ? low : this.#unsigned(i, fallback);
  }

  #large(i: number): number {
    return this.view.getInt32(this.#offsets[i]! + 4, true) * TWO_32 + (this.#lows[i]! >>> 0);
  }

  #unsigned(i: number, fallback: number): number {
    const low = this.#lows[i]!;
    switch (this.#sizes[i]) {
      case 8:
        return this.view.getUint32(this.#offsets[i]! + 4, true) * TWO_32 + (low >>> 0);
      case 4:
        return low >>> 0;
      case 2:
        return low & 0xffff;
      case 1:
        return low & 0xff;
      default:
        return fallback;
    }
  }

  /** All 64 bits. Allocates: not for matching. */
  bigint(i: number, signed: boolean): bigint {
    if (this.size(i) !== 8) return BigInt(signed ? this.int(i, 0) : this.uint(i, 0));
    const at = this.#offsets[i]!;
    return signed ? this.view.getBigInt64(at, true) : this.view.getBigUint64(at, true);
  }

  /** Text up to the first NUL; the empty string when the parameter is empty. */
  text(i: number): string {
    const size = this.size(i);
    if (size === 0) return "";
    const at = this.#offsets[i]!;
    return texts.get(this.bytes, this.view, at, this.bytes[at + size - 1] === 0 ? size - 1 : size);
  }

  /** The parameter's bytes as a view, valid until the cursor moves. */
  slice(i: number): Buffer {
    const size = this.size(i);
    return size === 0
      ? this.bytes.subarray(0, 0)
      : this.bytes.subarray(this.#offsets[i]!, this.#offsets[i]! + size);
  }
}
