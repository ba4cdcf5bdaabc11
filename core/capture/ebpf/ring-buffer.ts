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
/** More than any record takes: what the scratch area holds from the record on. */
const LARGEST = 256 * 1024;
const TWO_32 = 0x1_0000_0000;
const EPOLL_CTL_ADD = 1;
const EPOLLIN = 1;
const EPOLLET = 0x8000_0000;
/** struct epoll_event | events u32 | data u64 | is packed on x86-64. */
const EPOLL_EVENT_SIZE = 16;
const EPOLL_DATA = process.arch === "x64" ? 4 : 8;
const DATA_RING = 0;
const DATA_CALL = 1;

/** Urgent records end a wait at most this often. */
const URGENT_EVERY_MS = 5;

interface RingOptions {
  readonly cpus: number;
  readonly wakeAt: Uint32Array;
  readonly urgent: Uint32Array;
  readonly wakeFd: number | undefined;
}

const fenceWord = new Int32Array(1);

/**
 * What is loaded behind this was not loaded before what stands before it. Atomics.load can't be used on the buffer itself: the engine
 * compiles it to a locked read-and-write, which faults on memory that is mapped for reading only. Two atomic operations on a word
 * of our own order the loads around them on every machine.
 */
function loadFence(): void {
  Atomics.add(fenceWord, 0, 1);
  Atomics.add(fenceWord, 0, 1);
}

/**
 * The reading end of a BPF ring buffer. The kernel maps the data twice in a row, so a record that wraps around still lies in one piece; of
 * the second time only as much is mapped as a record can reach into:
 *
 *   consumer position (page, writable) | producer position (page) | data | data again
 *
 * Each record has a header | length u32, two top bits busy and discarded | page offset u32 | and is padded to 8 bytes.
 */
export class RingBuffer {
  readonly #consumer: Mapping;
  readonly #producer: Mapping;
  readonly #consumerPosition: BigUint64Array;
  readonly #producerPosition: Uint32Array;
  readonly #headers: Int32Array;
  readonly #mask: number;
  readonly #epoll: number;
  readonly #event = Buffer.alloc(EPOLL_EVENT_SIZE);
  readonly #wakeAt: Uint32Array;
  readonly #urgent: Uint32Array;
  /** When an urgent record last ended a wait. */
  #hurried = 0;
  /** Records handed over, by CPU number. */
  readonly perCpu: Float64Array;
  /** Bytes read since the start, and where that is in the data. */
  #position = 0;
  #at = 0;

  /**
   * `size` is the map's, a power of two; `cpus` the number of CPUs that may write. `wakeAt` is where the programs read how many pending
   * bytes to wake the reader for, `urgent` where they say that a record should not wait; `wakeFd` an eventfd that ends a wait too. Throws SystemError.
   */
  constructor(fd: number, size: number, { cpus, wakeAt, urgent, wakeFd }: RingOptions) {
    this.#wakeAt = wakeAt;
    this.#urgent = urgent;
    this.perCpu = new Float64Array(cpus);
    this.#mask = size - 1;
    this.#consumer = new Mapping(fd, PAGE, 0, PROT_READ | PROT_WRITE);
    this.#producer = new Mapping(fd, PAGE + size + Math.min(size, LARGEST), PAGE, PROT_READ);
    const { buffer, byteOffset } = this.#producer.bytes;
    this.#consumerPosition = new BigUint64Array(
      this.#consumer.bytes.buffer,
      this.#consumer.bytes.byteOffset,
      1,
    );
    this.#producerPosition = new Uint32Array(buffer, byteOffset, 2);
    this.#headers = new Int32Array(buffer, byteOffset + PAGE, size / 4);
    this.#epoll = check("epoll_create1", libc().epoll_create1(0));
    this.#watch(fd, DATA_RING);
    if (wakeFd !== undefined) this.#watch(wakeFd, DATA_CALL);
  }

  /** Edge-triggered: records that are to wait for more must not end a wait by being there. */
  #watch(fd: number, data: number): void {
    this.#event.writeUInt32LE((EPOLLIN | EPOLLET) >>> 0, 0);
    this.#event.writeUInt32LE(data, EPOLL_DATA);
    check("epoll_ctl", libc().epoll_ctl(this.#epoll, EPOLL_CTL_ADD, fd, ptr(this.#event)));
  }

  /**
   * Hands over records until there are none or `limit` is reached; returns their number. Records are given back to the kernel in
   * steps, so that a long batch doesn't hold the whole buffer.
   */
  drain(sink: Sink, limit: number): number {
    const end = this.#committed(limit);
    loadFence();
    const { bytes, view } = this.#producer;
    const headers = this.#headers;
    const mask = this.#mask;
    let position = this.#position;
    let at = this.#at;
    let count = 0;
    try {
      while (position < end) {
        const head = headers[at >>> 2]!;
        const record = PAGE + at + HEADER;
        const step = ((head & LENGTH_MASK) + HEADER + 7) & ~7;
        position += step;
        at = (at + step) & mask;
        if (head & DISCARDED) continue;
        count++;
        const cpu = view.getUint32(record, true);
        this.perCpu[cpu]!++;
        sink.event(bytes, view, record + CPU_PREFIX, cpu);
        if ((count & 0xff) === 0) this.#release(position, at);
      }
    } finally {
      this.#release(position, at);
    }
    return count;
  }

  /** Position behind the last of at most `limit` records whose bytes are complete. */
  #committed(limit: number): number {
    const headers = this.#headers;
    const mask = this.#mask;
    const end = this.#end();
    let position = this.#position;
    let at = this.#at;
    for (let count = 0; position < end && count < limit; count++) {
      const head = headers[at >>> 2]!;
      if (head & BUSY) break;
      const step = ((head & LENGTH_MASK) + HEADER + 7) & ~7;
      position += step;
      at = (at + step) & mask;
    }
    return position;
  }

  /** The producer's position. A high half older than the low one makes it too small, which the next look mends. */
  #end(): number {
    const words = this.#producerPosition;
    const high = words[1]!;
    return high * TWO_32 + words[0]!;
  }

  #release(position: number, at: number): void {
    if (position === this.#position) return;
    this.#position = position;
    this.#at = at;
    Atomics.store(this.#consumerPosition, 0, BigInt(position));
  }

  /** Bytes waiting. */
  get pending(): number {
    return Math.max(0, this.#end() - this.#position);
  }

  /** Blocks this thread until there is a record, another thread calls, or the time is over. Returns whether it was called. */
  wait(timeoutMs: number): boolean {
    return this.#wait(timeoutMs, 1, false);
  }

  /**
   * Lets records gather: blocks until `bytes` wait, an urgent one has come (of a row of them only some), another thread calls, or the time is over. A record that is being made just when this ends may
   * come without waking anybody; the next one, or the end of the next wait, brings it along.
   */
  gather(timeoutMs: number, bytes: number): boolean {
    this.#wakeAt[0] = bytes;
    try {
      const start = performance.now();
      if (this.#wait(timeoutMs, bytes, true)) return true;
      if (this.#urgent[0] === 0) return false;
      const now = performance.now();
      const left = Math.min(this.#hurried + URGENT_EVERY_MS, start + timeoutMs) - now;
      this.#hurried = now + Math.max(0, left);
      return this.#wait(left, bytes, false);
    } finally {
      this.#wakeAt[0] = 0;
      this.#urgent[0] = 0;
    }
  }

  #wait(timeoutMs: number, bytes: number, hurries: boolean): boolean {
    const end = performance.now() + timeoutMs;
    const enough = (): boolean => this.pending >= bytes || (hurries && this.#urgent[0] !== 0);
    for (let left = timeoutMs; left > 0 && !enough(); left = end - performance.now()) {
      const count = libc().epoll_wait(this.#epoll, ptr(this.#event), 1, Math.ceil(left));
      // An interrupted wait is as good as one that ran out: the caller looks at the buffer in any case.
      if (count <= 0) return false;
      if (this.#event.readUInt32LE(EPOLL_DATA) === DATA_CALL) return true;
    }
    return false;
  }

  close(): void {
    libc().close(this.#epoll);
    this.#producer.unmap();
    this.#consumer.unmap();
  }
}
