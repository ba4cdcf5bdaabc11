import { expect, test } from "bun:test";
import { NO_SEEDS } from "../../../tests/harness/event-sink.ts";
import type { Sink } from "../../event/source.ts";
import { Backlog } from "./backlog.ts";
import { Records } from "./records.ts";

const BUSY = 0x8000_0000;
const DISCARDED = 0x4000_0000;
const PREFIX = 8;

/** Memory as a ring buffer has it: `size` bytes that lie twice in a row behind `start` others. */
class Ring {
  readonly memory: Buffer;
  readonly records: Records;
  readonly #start = 16;
  readonly #size: number;
  /** Bytes written. */
  position = 0;

  constructor(size: number) {
    this.#size = size;
    this.memory = Buffer.alloc(this.#start + 2 * size);
    const { buffer, byteOffset, length } = this.memory;
    this.records = new Records(this.memory, new DataView(buffer, byteOffset, length), this.#start, size);
  }

  /** A record that says `text`, of that CPU. Returns the place of its header. */
  write(text: string, cpu: number, flags = 0): number {
    const body = Buffer.alloc(PREFIX + text.length);
    body.writeUInt32LE(cpu);
    body.write(text, PREFIX);
    const record = Buffer.alloc(Math.ceil((8 + body.length) / 8) * 8);
    record.writeUInt32LE((body.length | flags) >>> 0);
    body.copy(record, 8);
    const at = this.#start + (this.position % this.#size);
    for (const [i, byte] of record.entries()) {
      const place = (this.position + i) % this.#size;
      this.memory[this.#start + place] = byte;
      this.memory[this.#start + this.#size + place] = byte;
    }
    this.position += record.length;
    return at;
  }
}

/** Takes down what it is handed: texts of five characters. */
function recorder(): { readonly texts: string[]; readonly sink: Sink } {
  const texts: string[] = [];
  const sink: Sink = {
    ...NO_SEEDS,
    event: (bytes, _view, offset, cpu) => {
      texts.push(`${cpu} ${bytes.toString("latin1", offset, offset + 5)}`);
      return true;
    },
  };
  return { texts, sink };
}

test("Records.handOver goes round, leaves out what was discarded, and stops at a limit", () => {
  const ring = new Ring(64);
  const { texts, sink } = recorder();
  const perCpu = new Float64Array(2);
  ring.write("first", 0);
  ring.write("wrong", 1, DISCARDED);
  expect(ring.records.handOver(sink, ring.position, 10, perCpu)).toBe(1);
  ring.write("later", 1);
  ring.write("third", 1);
  expect(ring.records.handOver(sink, ring.position, 1, perCpu)).toBe(1);
  expect(ring.records.handOver(sink, ring.position, 10, perCpu)).toBe(1);
  expect(texts).toEqual(["0 first", "1 later", "1 third"]);
  expect([...perCpu]).toEqual([1, 2]);
});

test("Records.complete stops before a record that is being made", () => {
  const ring = new Ring(128);
  ring.write("first", 0);
  const complete = ring.position;
  const at = ring.write("busy.", 0, BUSY);
  const { records } = ring;
  expect(records.complete(ring.position, 10)).toBe(complete);
  ring.memory.writeUInt32LE(PREFIX + 5, at);
  expect(records.complete(ring.position, 10)).toBe(ring.position);
  expect(records.complete(ring.position, 1)).toBe(complete);
});

test("Backlog gives back what it took in order, across the buffer's end, and takes no more than its parts hold", () => {
  const ring = new Ring(64);
  const { texts, sink } = recorder();
  const perCpu = new Float64Array(4);
  // A record takes 24 bytes: a part is full with the second one, which begins within it.
  const backlog = new Backlog(32 + 24, 2, 24);
  ring.write("first", 0);
  expect(backlog.room).toBe(32);
  backlog.take(ring.records, ring.position);
  expect(backlog.room).toBe(8);
  ring.write("other", 1);
  backlog.take(ring.records, ring.position);
  expect(backlog.room).toBe(32);
  // This one goes round, and overwrites what was taken.
  ring.write("third", 2);
  ring.write("then.", 2);
  backlog.take(ring.records, ring.position);
  expect(backlog.room).toBe(0);
  expect(backlog.bytes).toBe(4 * 24);
  ring.write("after", 3);
  for (const expected of [1, 1, 1, 1, 0]) expect(backlog.handOver(sink, 1, perCpu)).toBe(expected);
  expect(backlog.bytes).toBe(0);
  expect(backlog.room).toBe(32);
  // The memory is used again.
  backlog.take(ring.records, ring.position);
  expect(backlog.handOver(sink, 10, perCpu)).toBe(1);
  expect(texts).toEqual(["0 first", "1 other", "2 third", "2 then.", "3 after"]);
  backlog.close();
});
