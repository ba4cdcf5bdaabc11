import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { NO_SEEDS } from "../../../tests/harness/event-sink.ts";
import { FalcoError } from "../../errors.ts";
import { EventCursor } from "../../event/cursor.ts";
import type { Sink, ThreadSeed } from "../../event/source.ts";
import { EVENT } from "../../schema/event-codes.ts";
import { BlockBuffer } from "./block-buffer.ts";
import { BLOCK, SECTION_HEADER } from "./blocks.ts";
import { ChunkInput } from "./input.ts";
import { RecordBuilder } from "./record-builder.ts";
import { ScapSource } from "./scap-source.ts";

type Heard = { threads: ThreadSeed[]; events: { code: number; tid: number; params: string[] }[] };

function listener(heard: Heard): Sink {
  const cursor = new EventCursor();
  return {
    ...NO_SEEDS,
    thread: (seed) => heard.threads.push(seed),
    event: (bytes, view, offset, cpu) => {
      if (!cursor.set(bytes, view, offset, cpu)) return false;
      const params = Array.from({ length: cursor.paramCount }, (_, i) => cursor.slice(i).toString("hex"));
      heard.events.push({ code: cursor.code, tid: cursor.tid, params });
      return true;
    },
  };
}

/** Reads bytes as a capture that arrives in chunks of the given size. */
async function read(bytes: Buffer, chunk = 1 << 20): Promise<Heard> {
  const heard: Heard = { threads: [], events: [] };
  async function* chunks(): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += chunk) yield bytes.subarray(at, at + chunk);
  }
  const source = new ScapSource("example.scap", async () => new ChunkInput(chunks()));
  const sink = listener(heard);
  await source.open(sink);
  while ((await source.pump(sink)) >= 0);
  source.close();
  return heard;
}

function header(out: BlockBuffer, magic = 0x1a2b3c4d, major = 1): void {
  const block = out.beginBlock(SECTION_HEADER);
  out.u32(magic);
  out.u16(major);
  out.u16(2);
  out.u64(-1n);
  out.endBlock(block);
}

const hex = (bytes: string): Buffer => Buffer.from(bytes, "hex");

function record(code: number, tid: number, params: readonly Buffer[]): Buffer {
  const head = new DataView(new ArrayBuffer(16));
  head.setBigUint64(0, 1_000_000_000n, true);
  head.setBigInt64(8, BigInt(tid), true);
  const builder = new RecordBuilder();
  builder.begin(code, params.length, head, 0);
  for (const param of params) builder.push(param, 0, param.length);
  return Buffer.from(builder.bytes.subarray(0, builder.finish()));
}

function eventBlock(out: BlockBuffer, event: Buffer, type: number = BLOCK.EVENT): void {
  const block = out.beginBlock(type);
  out.u16(0);
  if (type === BLOCK.EVENT_FLAGS) out.u32(0x5a);
  out.bytes(event);
  out.endBlock(block);
}

/** A record as version 1 blocks hold it: no parameter count in the header. */
function oldRecord(event: Buffer): Buffer {
  const old = Buffer.concat([event.subarray(0, 22), event.subarray(26)]);
  old.writeUInt32LE(old.length, 16);
  return old;
}

const ZERO8 = Buffer.alloc(8);
const FD3 = hex("0300000000000000");
const chdir = record(EVENT.SYSCALL_CHDIR_X, 7, [ZERO8, Buffer.from("/tmp\0")]);

function capture(write: (out: BlockBuffer) => void): Buffer {
  const out = new BlockBuffer();
  header(out);
  write(out);
  return Buffer.from(out.content);
}

describe("ScapSource", () => {
  test("reads every kind of event block, whatever the chunks the file comes in", async () => {
    const bytes = capture((out) => {
      for (const type of [BLOCK.EVENT, BLOCK.EVENT_FLAGS, BLOCK.EVENT_LARGE]) eventBlock(out, chdir, type);
      eventBlock(out, oldRecord(chdir), 0x204);
      eventBlock(out, oldRecord(chdir), 0x8010_abcd);
    });
    const expected = { code: EVENT.SYSCALL_CHDIR_X, tid: 7, params: [ZERO8.toString("hex"), "2f746d7000"] };
    for (const chunk of [1, 7, 64, 4096]) {
      expect((await read(bytes, chunk)).events).toEqual(Array(5).fill(expected));
    }
  });

  test("reads gzip of several members", async () => {
    const dir = mkdtempSync(join(tmpdir(), "falco-source-"));
    try {
      const bytes = capture((out) => {
        for (let i = 0; i < 100; i++) eventBlock(out, chdir);
      });
      const file = join(dir, "a.scap");
      writeFileSync(file, Buffer.concat([gzipSync(bytes.subarray(0, 1000)), gzipSync(bytes.subarray(1000))]));
      const heard: Heard = { threads: [], events: [] };
      const source = new ScapSource(file);
      await source.open(listener(heard));
      while ((await source.pump(listener(heard))) >= 0);
      expect(heard.events.length).toBe(100);
      writeFileSync(file, gzipSync(bytes).subarray(0, 60));
      const cut = new ScapSource(file);
      await expect(cut.open(listener(heard))).rejects.toThrow(/Cannot read capture .*a\.scap at byte \d+: /);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  test("skips blocks and event types of newer producers", async () => {
    const newer = Buffer.from(chdir);
    newer.writeUInt16LE(60_000, 20);
    const bytes = capture((out) => {
      const block = out.beginBlock(0x999);
      out.u32(1);
      out.endBlock(block);
      eventBlock(out, newer);
      const later = out.beginBlock(0x998);
      out.endBlock(later);
      eventBlock(out, chdir);
    });
    expect((await read(bytes)).events.length).toBe(1);
  });

  test("upgrades an old close: its descriptor stands in the enter event", async () => {
    const bytes = capture((out) => {
      eventBlock(out, record(EVENT.SYSCALL_CLOSE_E, 7, [FD3]));
      eventBlock(out, record(EVENT.SYSCALL_CLOSE_X, 7, [ZERO8]));
      eventBlock(out, record(EVENT.SYSCALL_CLOSE_X, 8, [ZERO8]));
    });
    expect((await read(bytes)).events).toEqual([
      { code: EVENT.SYSCALL_CLOSE_X, tid: 7, params: [ZERO8.toString("hex"), FD3.toString("hex")] },
      { code: EVENT.SYSCALL_CLOSE_X, tid: 8, params: [ZERO8.toString("hex"), ZERO8.toString("hex")] },
    ]);
  });

  test("upgrades through several versions: the first container event becomes today's", async () => {
    const text = (value: string): Buffer => Buffer.from(`${value}\0`);
    const bytes = capture((out) => {
      eventBlock(
        out,
        record(EVENT.CONTAINER_E, 7, [text("abc"), hex("00000000"), text('we"b'), text("nginx")]),
      );
    });
    const [event] = (await read(bytes)).events;
    expect(event!.code).toBe(EVENT.CONTAINER_JSON_2_E);
    expect(JSON.parse(hex(event!.params[0]!).toString("utf8").replace("\0", ""))).toEqual({
      id: "abc",
      type: 0,
      name: 'we"b',
      image: "nginx",
    });
  });

  const refused: [what: string, bytes: Buffer, message: RegExp][] = [
    ["an empty file", Buffer.alloc(0), /too short/],
    ["some other file", Buffer.from("#!/bin/sh\necho hello\n"), /does not start like a capture/],
    [
      "a capture of the other byte order",
      capture(() => {}).fill(Buffer.from("1a2b3c4d", "hex"), 8, 12),
      /another byte order/,
    ],
    ["a cut header", capture(() => {}).subarray(0, 20), /cut off/],
    ["a cut event", capture((out) => eventBlock(out, chdir)).subarray(0, -3), /at byte 28: it is cut off/],
    [
      "a block of impossible length",
      capture((out) => {
        out.u32(BLOCK.EVENT);
        out.u32(3);
        out.u32(0);
      }),
      /a block of 3 bytes is impossible/,
    ],
    [
      "a block of absurd length",
      capture((out) => {
        out.u32(BLOCK.EVENT);
        out.u32(0xffff_fff0);
        out.u32(0);
      }),
      /too large/,
    ],
    [
      "an event longer than its block",
      capture((out) => {
        const longer = Buffer.from(chdir);
        longer.writeUInt32LE(5000, 16);
        eventBlock(out, longer);
      }),
      /an event of 5000 bytes is in a block of/,
    ],
    [
      "parameters longer than their event",
      capture((out) => {
        const longer = Buffer.from(chdir);
        longer.writeUInt16LE(60_000, 26);
        eventBlock(out, longer);
      }),
      /parameters of an event SYSCALL_CHDIR_X exceed/,
    ],
    [
      "a number of parameters that no version had",
      capture((out) => eventBlock(out, record(EVENT.SYSCALL_DUP_X, 7, []))),
      /SYSCALL_DUP_X never had 0 parameters/,
    ],
    [
      "a list entry longer than its block",
      capture((out) => {
        const block = out.beginBlock(BLOCK.THREADS);
        out.u32(1000);
        out.u64(1n);
        out.endBlock(block);
      }),
      /the list of threads is broken/,
    ],
    [
      "a block whose ends disagree",
      Buffer.concat([capture((out) => eventBlock(out, chdir)).subarray(0, -4), Buffer.alloc(4, 0xff)]),
      /says \d+ bytes at its start and 4294967295 at its end/,
    ],
  ];
  for (const [what, bytes, message] of refused) {
    test(`refuses ${what} with one error that names file and place`, async () => {
      const error = await read(bytes).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(FalcoError);
      expect((error as FalcoError).message).toMatch(/^Cannot read capture example\.scap at byte \d+: /);
      expect((error as FalcoError).message).toMatch(message);
      expect((error as FalcoError).hint).toBeString();
    });
  }

  test("names a file that is not there", async () => {
    const source = new ScapSource("/nonexistent/a.scap");
    await expect(source.open(listener({ threads: [], events: [] }))).rejects.toThrow(
      /Cannot open capture \/nonexistent/,
    );
  });

  test("hands over the events before a broken place", async () => {
    const heard: Heard = { threads: [], events: [] };
    const bytes = capture((out) => {
      for (let i = 0; i < 10; i++) eventBlock(out, chdir);
    });
    async function* chunks(): AsyncGenerator<Buffer> {
      yield bytes.subarray(0, -2);
    }
    const source = new ScapSource("example.scap", async () => new ChunkInput(chunks()));
    const sink = listener(heard);
    await source.open(sink);
    expect(await source.pump(sink)).toBe(9);
    await expect(source.pump(sink)).rejects.toThrow(/cut off/);
    expect(heard.events.length).toBe(9);
  });
});
