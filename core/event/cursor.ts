// hot path
import { standsAlone } from "../ffi/stands-alone.ts";
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
 * to event; nothing is copied or allocated. A record whose parameters do not lie inside it has none.
 *
 * All parameters are located when the cursor moves, in one loop that also checks the lengths; they are decoded when somebody reads them.
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
  paramCount = 0;

  /** Where the parameters start and, behind that, where each of them ends. */
  readonly #ends = new Int32Array(MAX_PARAMS + 1);

  /**
   * Moves to the record at `offset`; `bytes` and `view` must span the same memory and hold the whole record. False: parameters do not lie
   * inside it.
   */
  set(bytes: Buffer, view: DataView, offset: number, cpu: number): boolean {
    if (this.bytes !== bytes) this.bytes = bytes;
    if (this.view !== view) this.view = view;
    this.offset = offset;
    this.cpu = cpu;
    const tidLow = view.getInt32(offset + 8, true);
    const tidHigh = view.getInt32(offset + 12, true);
    this.tid = tidHigh === tidLow >> 31 ? tidLow : tidHigh * TWO_32 + (tidLow >>> 0);
    this.code = view.getUint16(offset + 20, true);
    return this.#locate(view, offset);
  }

  /** Bytes of the record. */
  get length(): number {
    return this.view.getInt32(this.offset + 16, true);
  }

  /** Halves of the time stamp, nanoseconds since the epoch. */
  get timeLow(): number {
    return this.view.getUint32(this.offset, true);
  }

  get timeHigh(): number {
    return this.view.getUint32(this.offset + 4, true);
  }

  /** Nanoseconds since the epoch. Allocates: for outputs, not for matching. */
  get time(): bigint {
    return (BigInt(this.timeHigh) << 32n) | BigInt(this.timeLow);
  }

  /** Nanoseconds since the epoch as a double: right to about 256 ns. */
  get approximateTime(): number {
    return this.timeHigh * TWO_32 + this.timeLow;
  }

  #locate(view: DataView, offset: number): boolean {
    const ends = this.#ends;
    const isWide = WIDE_LENGTHS[this.code] === 1;
    const width = isWide ? 4 : 2;
    const params = view.getInt32(offset + 22, true);
    const end = offset + view.getInt32(offset + 16, true);
    let lengthAt = offset + EVENT_HEADER_SIZE;
    this.paramCount = 0;
    if (params < 0 || params > MAX_PARAMS || lengthAt + params * width > end) return false;
    let at = lengthAt + params * width;
    ends[0] = at;
    if (isWide) {
      for (let i = 1; i <= params; i++, lengthAt += 4) {
        const size = view.getInt32(lengthAt, true);
        if (size < 0 || size > end - at) return false;
        at += size;
        ends[i] = at;
      }
    } else {
      // Two lengths at a time; the last may be alone.
      let i = 1;
      for (; i < params; i += 2, lengthAt += 4) {
        const sizes = view.getInt32(lengthAt, true);
        at += sizes & 0xffff;
        ends[i] = at;
        at += sizes >>> 16;
        ends[i + 1] = at;
      }
      if (i === params) {
        at += view.getUint16(lengthAt, true);
        ends[i] = at;
      }
      if (at > end) return false;
    }
    this.paramCount = params;
    return true;
  }

  /** Where parameter `i` starts in `bytes`. */
  at(i: number): number {
    return this.#ends[i]!;
  }

  /** Bytes of parameter `i`; 0 when it is empty or missing. */
  size(i: number): number {
    return i >= 0 && i < this.paramCount ? this.#ends[i + 1]! - this.#ends[i]! : 0;
  }

  /** Signed integer of 1, 2, 4 or 8 bytes as its length says; `fallback` when empty. Exact below 2^53. */
  int(i: number, fallback: number): number {
    const { view } = this;
    const at = this.#ends[i]!;
    switch (this.size(i)) {
      case 8: {
        const low = view.getInt32(at, true);
        const high = view.getInt32(at + 4, true);
        return high === low >> 31 ? low : high * TWO_32 + (low >>> 0);
      }
      case 4:
        return view.getInt32(at, true);
      case 2:
        return view.getInt16(at, true);
      case 1:
        return view.getInt8(at);
      default:
        return fallback;
    }
  }

  /** Unsigned counterpart of `int`. */
  uint(i: number, fallback: number): number {
    const { view } = this;
    const at = this.#ends[i]!;
    switch (this.size(i)) {
      case 8: {
        const low = view.getInt32(at, true);
        const high = view.getInt32(at + 4, true);
        return high === 0 && low >= 0 ? low : (high >>> 0) * TWO_32 + (low >>> 0);
      }
      case 4: {
        const low = view.getInt32(at, true);
        return low >= 0 ? low : low >>> 0;
      }
      case 2:
        return view.getUint16(at, true);
      case 1:
        return view.getUint8(at);
      default:
        return fallback;
    }
  }

  /** All 64 bits. Allocates: not for matching. */
  bigint(i: number, signed: boolean): bigint {
    if (this.size(i) !== 8) return BigInt(signed ? this.int(i, 0) : this.uint(i, 0));
    const at = this.#ends[i]!;
    return signed ? this.view.getBigInt64(at, true) : this.view.getBigUint64(at, true);
  }

  /** Text up to the first NUL; the empty string when the parameter is empty. */
  text(i: number): string {
    const size = this.size(i);
    if (size === 0) return "";
    const at = this.#ends[i]!;
    return texts.get(this.bytes, this.view, at, this.bytes[at + size - 1] === 0 ? size - 1 : size);
  }

  /** The parameter's bytes as a view, valid until the cursor moves. */
  slice(i: number): Buffer {
    const size = this.size(i);
    return size === 0
      ? this.bytes.subarray(0, 0)
      : this.bytes.subarray(this.#ends[i]!, this.#ends[i]! + size);
  }
}

standsAlone(EventCursor.prototype.int, EventCursor.prototype.uint, EventCursor.prototype.text);
