import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { BlockBuffer } from "../../core/capture/scap/block-buffer.ts";
import { BLOCK, BYTE_ORDER_MAGIC, SECTION_HEADER } from "../../core/capture/scap/blocks.ts";
import { fixedSize, RecordBuilder } from "../../core/capture/scap/record-builder.ts";
import { EVENTS } from "../../core/schema/events.ts";
import { CONFORMANCE, CONFORMANCE_MISSING } from "../conformance/location.ts";

/** Known captures that are small enough to be read thousands of times. */
export function knownCaptures(): Buffer[] {
  if (CONFORMANCE_MISSING) return [];
  const dir = join(CONFORMANCE, "captures");
  return readdirSync(dir)
    .map((file) => readFileSync(join(dir, file)))
    .map((bytes) => (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes))
    .filter((bytes) => bytes.length < 300_000);
}

export interface Mutation {
  /** Where, as a fraction of the capture. */
  readonly at: number;
  readonly change: "byte" | "word" | "cut" | "repeat" | "remove";
  readonly value: number;
}

const INTERESTING = [0, 1, 2, 0x7f, 0x80, 0xff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

/** Changes of the kind that broken disks, truncation and attackers make. */
export const mutations: fc.Arbitrary<Mutation[]> = fc.array(
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    change: fc.constantFrom("byte", "byte", "word", "word", "cut", "repeat", "remove"),
    value: fc.oneof(fc.constantFrom(...INTERESTING), fc.nat(0xffff_ffff)),
  }),
  { minLength: 1, maxLength: 12 },
);

/** The capture with the changes made. */
export function mutate(capture: Buffer, changes: readonly Mutation[]): Buffer {
  let bytes: Buffer = Buffer.from(capture);
  for (const { at, change, value } of changes) {
    if (bytes.length < 8) return bytes;
    const offset = Math.floor(at * (bytes.length - 4));
    const size = value % 64;
    if (change === "byte") bytes[offset] = value & 0xff;
    else if (change === "word") bytes.writeUInt32LE(value >>> 0, offset);
    else if (change === "cut") bytes = bytes.subarray(0, Math.max(8, offset));
    else if (change === "repeat") {
      bytes = Buffer.concat([bytes.subarray(0, offset + size), bytes.subarray(offset)]);
    } else bytes = Buffer.concat([bytes.subarray(0, offset), bytes.subarray(offset + size)]);
  }
  return bytes;
}

/** One event of any type with parameters of any content: what a broken or hostile producer could send. */
export interface AnyEvent {
  readonly code: number;
  readonly tid: number;
  readonly time: bigint;
  readonly params: readonly Uint8Array[];
}

const paramOf = (code: number, index: number): fc.Arbitrary<Uint8Array> => {
  const type = EVENTS[code]!.params[index]?.type;
  const size = type && fixedSize(type);
  const small = fc.integer({ min: -3, max: 8 }).map((value) => {
    const bytes = Buffer.alloc(size ?? 8);
    if (bytes.length === 8) bytes.writeBigInt64LE(BigInt(value));
    else bytes.fill(value & 0xff, 0, 1);
    return Uint8Array.from(bytes);
  });
  const text = fc
    .string({ unit: "binary", maxLength: 40 })
    .map((value) => Uint8Array.from(Buffer.from(`${value}\0`)));
  const path = fc
    .constantFrom("/", "a/../b", "../..", ".", "//x//", "/proc/self/fd/3", "(NULL)", "")
    .map((value) => Uint8Array.from(Buffer.from(`${value}\0`)));
  const tuple = fc
    .tuple(fc.constantFrom(1, 2, 10, 16, 255), fc.uint8Array({ maxLength: 60 }))
    .map(([family, rest]) => Uint8Array.of(family, ...rest));
  const any = fc.uint8Array({ maxLength: 70 });
  return size === undefined
    ? fc.oneof(text, path, tuple, any, fc.constant(new Uint8Array()))
    : fc.oneof({ arbitrary: small, weight: 4 }, any, fc.constant(new Uint8Array()));
};

const CODES = EVENTS.filter((event) => event.params.length > 0).map((event) => event.code);

export const anyEvents: fc.Arbitrary<AnyEvent[]> = fc.array(
  fc
    .record({
      code: fc.constantFrom(...CODES),
      tid: fc.integer({ min: -1, max: 6 }),
      seconds: fc.integer({ min: 0, max: 5 }),
      count: fc.nat(3),
    })
    .chain(({ code, tid, seconds, count }) => {
      const length = Math.max(0, EVENTS[code]!.params.length - (count === 3 ? 1 : 0));
      return fc.tuple(...Array.from({ length }, (_, i) => paramOf(code, i))).map((params) => ({
        code,
        tid,
        time: BigInt(seconds) * 1_000_000_000n,
        params,
      }));
    }),
  { minLength: 1, maxLength: 40 },
);

/** A capture that holds the events. */
export function captureOf(events: readonly AnyEvent[]): Buffer {
  const out = new BlockBuffer();
  const section = out.beginBlock(SECTION_HEADER);
  out.u32(BYTE_ORDER_MAGIC);
  out.u32(0x2_0001);
  out.u64(-1n);
  out.endBlock(section);
  const builder = new RecordBuilder();
  const head = new DataView(new ArrayBuffer(16));
  for (const { code, tid, time, params } of events) {
    head.setBigUint64(0, time, true);
    head.setBigInt64(8, BigInt(tid), true);
    builder.begin(code, params.length, head, 0);
    for (const param of params) builder.push(Buffer.from(param), 0, param.length);
    const length = builder.finish();
    const block = out.beginBlock(BLOCK.EVENT);
    out.u16(0);
    out.copy(builder.bytes, 0, length);
    out.endBlock(block);
  }
  return Buffer.from(out.content);
}
