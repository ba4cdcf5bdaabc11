import { expect, test } from "bun:test";
import { TextCache } from "./text-cache.ts";

const read = (cache: TextCache, text: string): string => {
  const bytes = Buffer.from(`..${text}..`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return cache.get(bytes, view, 2, Buffer.byteLength(text));
};

test("TextCache.get() gives the bytes' text, whatever else has its place", () => {
  const cache = new TextCache();
  // Many more than there are places, twice over: each meets others and itself.
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 20_000; i++) expect(read(cache, `/proc/${i}/stat`)).toBe(`/proc/${i}/stat`);
  }
});

test("TextCache.get() tells texts of one length apart, and reads empty, long and non-ASCII ones", () => {
  const cache = new TextCache();
  for (const text of ["", "a", "b", "ä", "/etc/pässwd", "x".repeat(128), "x".repeat(129), "y".repeat(5000)]) {
    expect(read(cache, text)).toBe(text);
    expect(read(cache, text)).toBe(text);
  }
});

test("TextCache.get() ends a text at its first NUL, and tells texts apart that differ behind it only", () => {
  const cache = new TextCache();
  for (const tail of ["", "\0", "\0\0", "\0b", "\0c", "\0bc", `\0${"z".repeat(200)}`]) {
    for (let i = 0; i < 2; i++) expect(read(cache, `/a${tail}`)).toBe("/a");
  }
  expect(read(cache, "/a/b")).toBe("/a/b");
});
