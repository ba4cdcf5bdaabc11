// hot path
import { EF } from "../schema/event-row.ts";
import { EVENTS } from "../schema/events.ts";
import { EVENT_HEADER_SIZE } from "./source.ts";
import { TextCache } from "./text-cache.ts";

const MAX_PARAMS = 64;
const TWO_32 = 0x1_0000_0000;
const WIDE_LENGTHS = Uint8Array.from(EVENTS, (e) => (e.flags & EF.LARGE_PAYLOAD ? 1 : 0));

/** One for all cursors: they look at the same texts. */
const texts = new TextCache();

/**
 * A window on one event record where it lies in memory (layout: source.ts). One cursor is moved from event
 * to event; nothing is copied or allocated. Lengths that point beyond the record read as empty parameters.
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

  #located = false;
  readonly #offsets = new Uint32Array(MAX_PARAMS);
  readonly #lengths = new Uint32Array(MAX_PARAMS);

  /** Moves to the record at `offset`; `bytes` and `view` must span the same memory and hold the whole record. */
  set(bytes: Buffer, view: DataView, offset: number, cpu: number): void {
    this.bytes = bytes;
    this.view = view;
    this.offset = offset;
    this.cpu = cpu;
    this.timeLow = view.getUint32(offset, true);
    this.timeHigh = view.getUint32(offset + 4, true);
    const tidLow = view.getInt32(offset + 8, true);
    const tidHigh = view.getInt32(offset + 12, true);
    this.tid = tidHigh === tidLow >> 31 ? tidLow : tidHigh * TWO_32 + (tidLow >>> 0);
    this.length = view.getUint32(offset + 16, true);
    this.code = view.getUint16(offset + 20, true);
    this.paramCount = Math.min(view.getUint32(offset + 22, true), MAX_PARAMS);
    this.#located = false;
  }

  /** Nanoseconds since the epoch. Allocates: for outputs, not for matching. */
  get time(): bigint {
    return (BigInt(this.timeHigh) << 32n) | BigInt(this.timeLow);
  }

  /** Nanoseconds since the epoch as a double: right to about 256 ns. */
  get approximateTime(): number {
    return this.timeHigh * TWO_32 + this.timeLow;
  }

  #locate(): void {
    const { view, offset, paramCount } = this;
    const wide = WIDE_LENGTHS[this.code] === 1;
    const end = offset + this.length;
    let lengthAt = offset + EVENT_HEADER_SIZE;
    let at = lengthAt + paramCount * (wide ? 4 : 2);
    for (let i = 0; i < paramCount; i++) {
      const length =
        lengthAt + 2 > end ? 0 : wide ? view.getUint32(lengthAt, true) : view.getUint16(lengthAt, true);
      lengthAt += wide ? 4 : 2;
      this.#offsets[i] = at;
      this.#lengths[i] = at + length > end ? 0 : length;
      at += length;
    }
    this.#located = true;
  }

  /** Where parameter `i` starts in `bytes`. */
  at(i: number): number {
    if (!this.#located) this.#locate();
    return this.#offsets[i]!;
  }

  /** Bytes of parameter `i`; 0 when it is empty, missing or does not lie inside the record. */
  size(i: number): number {
    if (i >= this.paramCount) return 0;
    if (!this.#located) this.#locate();
    return this.#lengths[i]!;
  }

  /** Signed integer of 1, 2, 4 or 8 bytes as its length says; `fallback` when empty. Exact below 2^53. */
  int(i: number, fallback: number): number {
    const size = this.size(i);
    if (size === 8) {
      const at = this.#offsets[i]!;
      const low = this.view.getInt32(at, true);
      const high = this.view.getInt32(at + 4, true);
      // Nearly all are small: kept out of floating point, they stay quick as keys and in comparisons.
      return high === low >> 31 ? low : high * TWO_32 + (low >>> 0);
    }
    if (size === 4) return this.view.getInt32(this.#offsets[i]!, true);
    if (size === 2) return this.view.getInt16(this.#offsets[i]!, true);
    if (size === 1) return this.view.getInt8(this.#offsets[i]!);
    return fallback;
  }

  /** Unsigned counterpart of `int`. */
  uint(i: number, fallback: number): number {
    const size = this.size(i);
    if (size === 8) {
      const at = this.#offsets[i]!;
      const low = this.view.getInt32(at, true);
      const high = this.view.getInt32(at + 4, true);
      return high === 0 && low >= 0 ? low : (high >>> 0) * TWO_32 + (low >>> 0);
    }
    if (size === 4) return this.view.getUint32(this.#offsets[i]!, true);
    if (size === 2) return this.view.getUint16(this.#offsets[i]!, true);
    if (size === 1) return this.view.getUint8(this.#offsets[i]!);
    return fallback;
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
    const text = texts.get(this.bytes, at, this.bytes[at + size - 1] === 0 ? size - 1 : size);
    const nul = text.indexOf("\0");
    return nul < 0 ? text : text.slice(0, nul);
  }

  /** The parameter's bytes as a view, valid until the cursor moves. */
  slice(i: number): Buffer {
    const size = this.size(i);
    return size === 0
      ? this.bytes.subarray(0, 0)
      : this.bytes.subarray(this.#offsets[i]!, this.#offsets[i]! + size);
  }
}
