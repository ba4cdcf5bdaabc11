import type { Sink } from "../../event/source.ts";
import { Mapping } from "../../ffi/mapping.ts";
import { Records } from "./records.ts";

/** Memory for some of the records, filled from its start. */
class Part {
  readonly memory: Mapping;
  records: Records;
  /** Bytes filled. */
  length = 0;

  constructor(size: number) {
    this.memory = Mapping.anonymous(size);
    this.records = this.#unread();
  }

  #unread(): Records {
    const { bytes, view } = this.memory;
    return new Records(bytes, view, 0, bytes.length);
  }

  clear(): void {
    this.length = 0;
    this.records = this.#unread();
  }
}

/**
 * Records that were moved out of the kernel's buffer because it filled up faster than they could be looked at: as they lay there and in their order. They are
 * older than all that the buffer holds. The memory is bounded, and this process's only while it is needed.
 */
export class Backlog {
  readonly #memory: number;
  readonly #partSize: number;
  readonly #maxParts: number;
  /** Those with records, oldest first. */
  readonly #parts: Part[] = [];
  readonly #empty: Part[] = [];
  #bytes = 0;

  /** At most so many parts of `memory` bytes each, that are filled as long as there is room for one record more, of at most `largest` bytes. */
  constructor(memory: number, maxParts: number, largest: number) {
    this.#memory = memory;
    this.#partSize = memory - largest;
    this.#maxParts = maxParts;
  }

  /** Bytes of records that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many bytes can be taken at once: records that begin before that. */
  get room(): number {
    const left = this.#partSize - (this.#parts.at(-1)?.length ?? this.#partSize);
    if (left > 0) return left;
    return this.#parts.length < this.#maxParts ? this.#partSize : 0;
  }

  /** Moves the records before position `end` here, of which there is room for. Throws SystemError where there is no memory. */
  take(from: Records, end: number): void {
    const length = end - from.position;
    let part = this.#parts.at(-1);
    if (!part || part.length >= this.#partSize) {
      part = this.#empty.pop() ?? new Part(this.#memory);
      this.#parts.push(part);
    }
    from.moveTo(part.memory.bytes, part.length, end);
    part.length += length;
    this.#bytes += length;
  }

  /** Hands over the oldest records, at most `limit`; returns their number. */
  handOver(sink: Sink, limit: number, perCpu: Float64Array): number {
    const part = this.#parts[0];
    if (!part) return 0;
    const { records } = part;
    const before = records.position;
    try {
      return records.handOver(sink, part.length, limit, perCpu);
    } finally {
      this.#bytes -= records.position - before;
      if (records.position >= part.length) {
        this.#parts.shift();
        part.clear();
        this.#empty.push(part);
      }
    }
  }

  /** Gives memory back that holds nothing. */
  trim(): void {
    for (const { memory } of this.#empty) memory.unmap();
    this.#empty.length = 0;
  }

  close(): void {
    this.#empty.push(...this.#parts.splice(0));
    this.#bytes = 0;
    this.trim();
  }
}
