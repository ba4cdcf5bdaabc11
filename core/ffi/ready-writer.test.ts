import { expect, test } from "bun:test";
import { closeSync, readSync } from "node:fs";
import { constants } from "node:os";
import { closeFd, openPipe } from "./pipe.ts";
import { writeReady } from "./ready-writer.ts";
import { SystemError } from "./system-error.ts";

test("writeReady fills a blocking pipe and then returns 0 instead of waiting", () => {
  const { readEnd, writeEnd } = openPipe();
  const written = writeReady(writeEnd, new Uint8Array(1 << 20));
  expect(written).toBeGreaterThanOrEqual(4096);
  expect(written).toBeLessThan(1 << 20);
  expect(writeReady(writeEnd, new Uint8Array(10))).toBe(0);
  expect(readSync(readEnd, new Uint8Array(8192))).toBe(8192);
  expect(writeReady(writeEnd, new Uint8Array(4096))).toBe(4096);
  closeSync(readEnd);
  closeFd(writeEnd);
});

test("writeReady throws EPIPE when the reader is gone", () => {
  const { readEnd, writeEnd } = openPipe();
  closeSync(readEnd);
  let caught: unknown;
  try {
    writeReady(writeEnd, new Uint8Array(10));
  } catch (error) {
    caught = error;
  }
  expect(caught).toBeInstanceOf(SystemError);
  expect((caught as SystemError).errno).toBe(constants.errno.EPIPE);
  closeFd(writeEnd);
});
