import type { Sink } from "../../event/source.ts";
import { Mapping } from "../../ffi/mapping.ts";
import { Records } from "./records.ts";

interface Part {
  readonly memory: Mapping;
  readonly records: Records;
  readonly length: number;
}

/**
 * Records that were moved out of the kernel's buffer because it filled up faster than they could be looked at: as they lay there and in their order. They are
 * older than all that the buffer holds. The memory is this process's while there are any, and bounded.
 */
export class Backlog {
  readonly #parts: Part[] = [];
  readonly #limit: number;
  #bytes = 0;
  #mapped = 0;

  /** `limit`: bytes at most. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes of records that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many bytes more fit. */
  get room(): number {
    return Math.max(0, this.#limit - this.#mapped);
  }

  /** Moves the records before position `end` here. Throws SystemError where there is no memory. */
  take(from: Records, end: number): void {
    const length = end - from.position;
    const memory = Mapping.anonymous(length);
    from.moveTo(memory.bytes, end);
    this.#parts.push({
      memory,
      records: new Records(memory.bytes, memory.view, 0, memory.bytes.length),
      length,
    });
    this.#bytes += length;
    this.#mapped += memory.bytes.length;
  }

  /** Hands over the oldest records, at most `limit`; returns their number. */
  handOver(sink: Sink, limit: number, perCpu: Float64Array): number {
    const part = this.#parts[0];
    if (!part) return 0;
    const { records, length, memory } = part;
    const before = records.position;
    try {
      return records.handOver(sink, length, limit, perCpu);
    } finally {
      this.#bytes -= records.position - before;
      if (records.position >= length) {
        this.#parts.shift();
        this.#mapped -= memory.bytes.length;
        memory.unmap();
      }
    }
  }

  close(): void {
    for (const { memory } of this.#parts) memory.unmap();
    this.#parts.length = 0;
    this.#bytes = 0;
    this.#mapped = 0;
  }
}
