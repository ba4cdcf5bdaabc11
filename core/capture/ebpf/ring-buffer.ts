// hot path
import { ptr } from "bun:ffi";
import type { Sink } from "../../event/source.ts";
import { check, libc } from "../../ffi/libc.ts";
import { Mapping, PROT_READ, PROT_WRITE } from "../../ffi/mapping.ts";
import { CPU_PREFIX } from "./scratch.ts";

const PAGE = 4096;
const HEADER = 8;
const BUSY = 0x8000_0000;
const DISCARDED = 0x4000_0000;
const LENGTH_MASK = 0x3fff_ffff;
const EPOLL_CTL_ADD = 1;
const EPOLLIN = 1;
/** struct epoll_event is packed on some machines, 12 bytes, and 16 on others. */
const EPOLL_EVENT_SIZE = 16;

/**
 * The reading end of a BPF ring buffer. The kernel maps the data twice in a row, so a record that wraps around still lies in one piece:
 *
 *   consumer position (page, writable) | producer position (page) | data | data again
 *
 * Each record has a header | length u32, two top bits busy and discarded | page offset u32 | and is padded to 8 bytes.
 */
export class RingBuffer {
  readonly #consumer: Mapping;
  readonly #producer: Mapping;
  readonly #consumerPosition: BigUint64Array;
  readonly #producerPosition: BigUint64Array;
  readonly #headers: Int32Array;
  readonly #mask: number;
  readonly #epoll: number;
  readonly #event = Buffer.alloc(EPOLL_EVENT_SIZE);
  /** Bytes read since the start, and where that is in the data. */
  #position = 0;
  #at = 0;

  /** `size` is the map's, a power of two. Throws SystemError. */
  constructor(fd: number, size: number) {
    this.#mask = size - 1;
    this.#consumer = new Mapping(fd, PAGE, 0, PROT_READ | PROT_WRITE);
    this.#producer = new Mapping(fd, PAGE + 2 * size, PAGE, PROT_READ);
    const { buffer, byteOffset } = this.#producer.bytes;
    this.#consumerPosition = new BigUint64Array(
      this.#consumer.bytes.buffer,
      this.#consumer.bytes.byteOffset,
      1,
    );
    this.#producerPosition = new BigUint64Array(buffer, byteOffset, 1);
    this.#headers = new Int32Array(buffer, byteOffset + PAGE, (2 * size) / 4);
    this.#epoll = check("epoll_create1", libc().epoll_create1(0));
    this.#event.writeUInt32LE(EPOLLIN, 0);
    check("epoll_ctl", libc().epoll_ctl(this.#epoll, EPOLL_CTL_ADD, fd, ptr(this.#event)));
  }

  /**
   * Hands over records until there are none or `limit` is reached; returns their number. Records are given back to the kernel in
   * steps, so that a long batch doesn't hold the whole buffer.
   */
  drain(sink: Sink, limit: number): number {
    const { bytes, view } = this.#producer;
    const headers = this.#headers;
    const mask = this.#mask;
    const end = this.#end();
    let position = this.#position;
    let at = this.#at;
    let count = 0;
    try {
      while (position < end && count < limit) {
        // An acquire load: the record's bytes are complete once the busy bit is gone.
        const head = Atomics.load(headers, at >>> 2);
        if (head & BUSY) break;
        const record = PAGE + at + HEADER;
        const step = ((head & LENGTH_MASK) + HEADER + 7) & ~7;
        position += step;
        at = (at + step) & mask;
        if (head & DISCARDED) continue;
        count++;
        sink.event(bytes, view, record + CPU_PREFIX, view.getUint32(record, true));
        if ((count & 0xff) === 0) this.#release(position, at);
      }
    } finally {
      this.#release(position, at);
    }
    return count;
  }

  #end(): number {
    return Number(Atomics.load(this.#producerPosition, 0));
  }

  #release(position: number, at: number): void {
    if (position === this.#position) return;
    this.#position = position;
    this.#at = at;
    Atomics.store(this.#consumerPosition, 0, BigInt(position));
  }

  /** Bytes waiting. */
  get pending(): number {
    return this.#end() - this.#position;
  }

  /** Blocks this thread until the kernel has a record or the time is over. */
  wait(timeoutMs: number): void {
    // An interrupted wait is as good as one that ran out: the caller looks at the buffer in any case.
    libc().epoll_wait(this.#epoll, ptr(this.#event), 1, timeoutMs);
  }

  close(): void {
    libc().close(this.#epoll);
    this.#producer.unmap();
    this.#consumer.unmap();
  }
}
