import { expect, test } from "bun:test";
import { constants, openSync, readFileSync, renameSync } from "node:fs";
import { sampleAlert } from "../../tests/harness/alert.ts";
import { Workspace } from "../../tests/harness/programs.ts";
import { fileOutput } from "./file.ts";
import type { Message } from "./output.ts";

const lines = (...texts: string[]): Message[] => texts.map((text) => ({ alert: sampleAlert(), text }));

test("fileOutput appends lines and follows the name when it does not keep the file open", async () => {
  await using space = new Workspace();
  const output = fileOutput({ filename: space.file("a.txt"), keep_alive: false });
  expect(await output.write(lines("one", "two"))).toEqual({ delivered: 2 });
  renameSync(space.file("a.txt"), space.file("a.1"));
  await output.write(lines("three"));
  await output.close();
  expect(readFileSync(space.file("a.1"), "utf8")).toBe("one\ntwo\n");
  expect(readFileSync(space.file("a.txt"), "utf8")).toBe("three\n");
});

test("fileOutput keep_alive stays with the file until reopen", async () => {
  await using space = new Workspace();
  const output = fileOutput({ filename: space.file("a.txt"), keep_alive: true });
  await output.write(lines("one"));
  renameSync(space.file("a.txt"), space.file("a.1"));
  await output.write(lines("two"));
  await output.reopen?.();
  await output.write(lines("three"));
  await output.close();
  expect(readFileSync(space.file("a.1"), "utf8")).toBe("one\ntwo\n");
  expect(readFileSync(space.file("a.txt"), "utf8")).toBe("three\n");
});

test("fileOutput reports a full disk and what was written before", async () => {
  const output = fileOutput({ filename: "/dev/full", keep_alive: true });
  const delivery = await output.write(lines("one"));
  expect(delivery.delivered).toBe(0);
  expect(String(delivery.error)).toMatch(/ENOSPC|no space/i);
  await output.close();
});

test("fileOutput fails for a directory that does not exist instead of hanging", async () => {
  const output = fileOutput({ filename: "/nonexistent/dir/a.txt", keep_alive: false });
  expect(output.write(lines("one"))).rejects.toThrow(/ENOENT/);
  await output.close();
});

test("fileOutput to a named pipe that nobody empties ends when it is closed", async () => {
  await using space = new Workspace();
  const pipe = space.file("pipe");
  expect(Bun.spawnSync(["mkfifo", pipe]).exitCode).toBe(0);
  const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  expect(reader).toBeGreaterThan(0);
  const output = fileOutput({ filename: pipe, keep_alive: true });
  const write = output.write(lines("x".repeat(50_000), "y".repeat(50_000)));
  await Bun.sleep(20);
  await output.close();
  expect((await write).delivered).toBe(1);
});
