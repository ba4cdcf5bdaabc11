// hot path
import { ptr } from "bun:ffi";
import type { Sink } from "../../event/source.ts";
import { check, libc } from "../../ffi/libc.ts";
import { Mapping, PROT_READ, PROT_WRITE } from "../../ffi/mapping.ts";
import { Backlog } from "./backlog.ts";
import { WAKE_NEVER } from "./interest.ts";
import { Records } from "./records.ts";

const PAGE = 4096;
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

/** Records that are handed over before what was read is given back to the kernel. */
const STEP = 256;
/** Records may wait outside the kernel's buffer in so many parts of its size, and no more bytes of them than this. */
const BACKLOG_PARTS = 4;
const MAX_BACKLOG = 32 * 1024 * 1024;

/** So soon a wait looks for a record that was being made when it began. */
const LOOK_AGAIN_MS = 100;

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
 */
export class RingBuffer {
  readonly #consumer: Mapping;
  readonly #producer: Mapping;
  readonly #consumerPosition: BigUint64Array;
  readonly #producerPosition: Uint32Array;
  readonly #records: Records;
  readonly #backlog: Backlog;
  readonly #size: number;
  readonly #epoll: number;
  readonly #event = Buffer.alloc(EPOLL_EVENT_SIZE);
  readonly #wakeAt: Uint32Array;
  readonly #urgent: Uint32Array;
  /** When an urgent record last ended a wait. */
  #hurried = 0;
  /** Records handed over, by CPU number. */
  readonly perCpu: Float64Array;
  /** Of the records handed over, those that had been moved out of the kernel's buffer to make room in it. */
  postponed = 0;
  /** Bytes given back to the kernel since the start. */
  #released = 0;

  /**
   * `size` is the map's, a power of two; `cpus` the number of CPUs that may write. `wakeAt` is where the programs read how many pending
   * bytes to wake the reader for, `urgent` where they say that a record should not wait; `wakeFd` an eventfd that ends a wait too. Throws SystemError.
   */
  constructor(fd: number, size: number, { cpus, wakeAt, urgent, wakeFd }: RingOptions) {
    this.#wakeAt = wakeAt;
    this.#urgent = urgent;
    this.perCpu = new Float64Array(cpus);
    this.#size = size;
    const part = Math.min(size, MAX_BACKLOG / BACKLOG_PARTS);
    this.#backlog = new Backlog(part, BACKLOG_PARTS, Math.min(part / 2, LARGEST));
    this.#consumer = new Mapping(fd, PAGE, 0, PROT_READ | PROT_WRITE);
    this.#producer = new Mapping(fd, PAGE + size + Math.min(size, LARGEST), PAGE, PROT_READ);
    const { bytes, view } = this.#producer;
    this.#consumerPosition = new BigUint64Array(
      this.#consumer.bytes.buffer,
      this.#consumer.bytes.byteOffset,
      1,
    );
    this.#producerPosition = new Uint32Array(bytes.buffer, bytes.byteOffset, 2);
    this.#records = new Records(bytes, view, PAGE, size);
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
    let count = 0;
    for (;;) {
      this.#relieve();
      const most = Math.min(STEP, limit - count);
      const moved = this.#backlog.bytes > 0;
      const step = moved ? this.#backlog.handOver(sink, most, this.perCpu) : this.#handOver(sink, most);
      count += step;
      if (moved) this.postponed += step;
      // What comes meanwhile is for the next time: batches grow with the rate of events.
      if (count >= limit || (step < most && this.#backlog.bytes === 0)) return count;
    }
  }

  #handOver(sink: Sink, limit: number): number {
    const records = this.#records;
    const end = records.complete(this.#end(), limit);
    loadFence();
    try {
      return records.handOver(sink, end, limit, this.perCpu);
    } finally {
      this.#release();
    }
  }

  /** Moves records out of a buffer that is half full: what is made of them may take longer than the kernel takes to fill the other half. */
  #relieve(): void {
    const records = this.#records;
    while (this.#unread >= this.#size / 2) {
      const last = Math.min(this.#end(), records.position + this.#backlog.room);
      const end = records.complete(last, Number.POSITIVE_INFINITY);
      // No more fits, or the first one is not complete yet.
      if (end === records.position) return;
      loadFence();
      this.#backlog.take(records, end);
      this.#release();
    }
  }

  /** The producer's position. A high half older than the low one makes it too small, which the next look mends. */
  #end(): number {
    const words = this.#producerPosition;
    const high = words[1]!;
    return high * TWO_32 + words[0]!;
  }

  #release(): void {
    const { position } = this.#records;
    if (position === this.#released) return;
    this.#released = position;
    Atomics.store(this.#consumerPosition, 0, BigInt(position));
  }

  /** Bytes in the kernel's buffer that have not been read. */
  get #unread(): number {
    return Math.max(0, this.#end() - this.#released);
  }

  /** Bytes waiting. */
  get pending(): number {
    return this.#unread + this.#backlog.bytes;
  }

  /**
   * Blocks this thread until there is a record, another thread calls, or the time is over. Returns whether it was called. Only while it waits do records wake
   * it: one that is being made just when this begins may not if no other follows, so a long wait is in two parts.
   */
  wait(timeoutMs: number): boolean {
    this.#backlog.trim();
    this.#wakeAt[0] = 0;
    loadFence();
    try {
      const first = Math.min(timeoutMs, LOOK_AGAIN_MS);
      return this.#wait(first, 1, false) || this.#wait(timeoutMs - first, 1, false);
    } finally {
      this.#wakeAt[0] = WAKE_NEVER;
    }
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
      this.#wakeAt[0] = WAKE_NEVER;
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
    this.#backlog.close();
    this.#producer.unmap();
    this.#consumer.unmap();
  }
}
