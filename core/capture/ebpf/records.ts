// hot path
import type { Sink } from "../../event/source.ts";
import { CPU_PREFIX } from "./scratch.ts";

const HEADER = 8;
const BUSY = 0x8000_0000;
const DISCARDED = 0x4000_0000;
const LENGTH_MASK = 0x3fff_ffff;

/** Bytes from a record's header to the next one's. */
const stepOf = (head: number): number => ((head & LENGTH_MASK) + HEADER + 7) & ~7;

/**
 * Memory with records as a BPF ring buffer has them, and how far it has been read. Each has a header
 *
 *   | length u32, two top bits busy and discarded | page offset u32 |
 *
 * and is padded to 8 bytes.
 */
export class Records {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #headers: Int32Array;
  readonly #start: number;
  readonly #mask: number;
  /** Bytes read since the start, and where that is in the data. */
  position = 0;
  at = 0;

  /** `start` is where the data begin in `bytes`, `size` (a power of two where they go round) theirs. */
  constructor(bytes: Buffer, view: DataView, start: number, size: number) {
    this.#bytes = bytes;
    this.#view = view;
    this.#headers = new Int32Array(bytes.buffer, bytes.byteOffset + start, size >>> 2);
    this.#start = start;
    this.#mask = 2 ** Math.ceil(Math.log2(size)) - 1;
  }

  /** Hands over at most `limit` records that lie before position `end`, all complete; returns their number and counts them by CPU. */
  handOver(sink: Sink, end: number, limit: number, perCpu: Float64Array): number {
    const bytes = this.#bytes;
    const view = this.#view;
    const headers = this.#headers;
    const start = this.#start + HEADER;
    const mask = this.#mask;
    let position = this.position;
    let at = this.at;
    let count = 0;
    try {
      while (position < end && count < limit) {
        const head = headers[at >>> 2]!;
        const record = start + at;
        const step = stepOf(head);
        position += step;
        at = (at + step) & mask;
        if (head & DISCARDED) continue;
        count++;
        const cpu = view.getUint32(record, true);
        perCpu[cpu]!++;
        sink.event(bytes, view, record + CPU_PREFIX, cpu);
      }
    } finally {
      this.position = position;
      this.at = at;
    }
    return count;
  }

  /** Position behind the last of at most `limit` complete records, of which the last one begins before position `end`. */
  complete(end: number, limit: number): number {
    const headers = this.#headers;
    const mask = this.#mask;
    let position = this.position;
    let at = this.at;
    for (let count = 0; position < end && count < limit; count++) {
      const head = headers[at >>> 2]!;
      if (head & BUSY) break;
      const step = stepOf(head);
      position += step;
      at = (at + step) & mask;
    }
    return position;
  }

  /** Copies what lies before position `end` to offset `at` of `to`, and goes there. */
  moveTo(to: Buffer, at: number, end: number): void {
    const length = end - this.position;
    const first = Math.min(length, this.#mask + 1 - this.at);
    const from = this.#start + this.at;
    to.set(this.#bytes.subarray(from, from + first), at);
    if (first < length) to.set(this.#bytes.subarray(this.#start, this.#start + length - first), at + first);
    this.position = end;
    this.at = (this.at + length) & this.#mask;
  }
}
