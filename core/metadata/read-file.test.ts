import { expect, test } from "bun:test";
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tempDir } from "../../tests/harness/temp-dir.ts";
import { readRegularFile } from "./read-file.ts";

const dir = tempDir();
const file = join(dir, "file");
writeFileSync(file, "text");

test("readRegularFile reads a file up to the length allowed", () => {
  expect(readRegularFile(file, 4)?.toString()).toBe("text");
  expect(readRegularFile(file, 3)).toBeUndefined();
  expect(readRegularFile(join(dir, "absent"), 4)).toBeUndefined();
});

test("readRegularFile follows links only where files are trusted", () => {
  symlinkSync(file, join(dir, "link"));
  expect(readRegularFile(join(dir, "link"), 4)?.toString()).toBe("text");
  expect(readRegularFile(join(dir, "link"), 4, false)).toBeUndefined();
});

test("readRegularFile does not wait for a named pipe, nor read devices and directories", () => {
  const pipe = join(dir, "pipe");
  expect(Bun.spawnSync(["mkfifo", pipe]).exitCode).toBe(0);
  expect(readRegularFile(pipe, 4)).toBeUndefined();
  expect(readRegularFile("/dev/zero", 4)).toBeUndefined();
  expect(readRegularFile(dir, 4096)).toBeUndefined();
});
