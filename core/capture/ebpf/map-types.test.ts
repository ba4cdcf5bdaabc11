import { expect, test } from "bun:test";
import { Btf } from "./btf.ts";
import { mapTypes } from "./map-types.ts";

test("mapTypes describes a u32 and an array of that many bytes", () => {
  const { bytes, key, value } = mapTypes(1280);
  expect(() => new Btf(bytes)).not.toThrow();
  expect([key, value]).toEqual([1, 3]);
  const types = 24;
  // An int's size, then the array's element, index and number.
  expect(bytes.readUInt32LE(types + 8)).toBe(4);
  expect([0, 4, 8].map((at) => bytes.readUInt32LE(types + 2 * 16 + 12 + at))).toEqual([2, 1, 1280]);
  expect(bytes.toString("latin1", types + bytes.readUInt32LE(16))).toBe("\0u32\0u8\0");
});
