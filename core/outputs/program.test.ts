import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { sampleAlert } from "../../tests/harness/alert.ts";
import { eventually, Workspace } from "../../tests/harness/programs.ts";
import type { Message } from "./output.ts";
import { programOutput } from "./program.ts";

const lines = (...texts: string[]): Message[] => texts.map((text) => ({ alert: sampleAlert(), text }));

test("programOutput keep_alive feeds one process, reopen starts another", async () => {
  await using space = new Workspace();
  const program = `{ echo start; cat; } >> ${space.file("out")}`;
  const output = programOutput({ program, keep_alive: true });
  expect(await output.write(lines("one", "two"))).toEqual({ delivered: 2 });
  await output.write(lines("three"));
  await output.reopen?.();
  await output.write(lines("four"));
  await output.close();
  expect(readFileSync(space.file("out"), "utf8")).toBe("start\none\ntwo\nthree\nstart\nfour\n");
});

test("programOutput starts a process an alert and takes its status as the answer", async () => {
  await using space = new Workspace();
  const program = `{ echo start; cat; } >> ${space.file("out")}; ! grep -q bad ${space.file("out")}`;
  const output = programOutput({ program, keep_alive: false });
  expect(output.batch).toBe(1);
  expect(await output.write(lines("one"))).toEqual({ delivered: 1 });
  const failed = await output.write(lines("bad"));
  expect(failed.delivered).toBe(0);
  expect(String(failed.error)).toContain("status 1");
  await output.close();
  expect(readFileSync(space.file("out"), "utf8")).toBe("start\none\nstart\nbad\n");
});

test("programOutput starts a program that died again", async () => {
  await using space = new Workspace();
  const program = `echo $$ > ${space.file("pid")}; echo start >> ${space.file("out")}; sleep 1.1; head -n 1 >> ${space.file("out")}`;
  const output = programOutput({ program, keep_alive: true });
  await output.write(lines("one"));
  expect(
    await eventually(
      () => existsSync(space.file("out")) && readFileSync(space.file("out"), "utf8").includes("one"),
    ),
  ).toBe(true);
  const pid = Number(readFileSync(space.file("pid"), "utf8"));
  expect(await eventually(() => !existsSync(`/proc/${pid}`))).toBe(true);
  await Bun.sleep(20);
  expect(await output.write(lines("two"))).toEqual({ delivered: 1 });
  await output.close();
  expect(readFileSync(space.file("out"), "utf8")).toStartWith("start\none\nstart\n");
});

test("programOutput that never reads is given up when it is closed, with all it started", async () => {
  await using space = new Workspace();
  const output = programOutput({
    program: `echo $$ > ${space.file("pid")}; sleep 1000 & sleep 1000`,
    keep_alive: true,
  });
  const write = output.write(lines("x".repeat(40_000), "y".repeat(40_000)));
  expect(await eventually(() => existsSync(space.file("pid")))).toBe(true);
  await output.close();
  expect((await write).delivered).toBe(1);
  const group = Number(readFileSync(space.file("pid"), "utf8"));
  expect(await eventually(() => Bun.spawnSync(["kill", "-0", "--", `-${group}`]).exitCode !== 0)).toBe(true);
});

test("programOutput says that a command does not exist", async () => {
  const output = programOutput({ program: "exec 2>/dev/null; no-such-command-here", keep_alive: false });
  const delivery = await output.write(lines("one"));
  expect(delivery.delivered).toBe(0);
  expect(String(delivery.error)).toMatch(/status 127|EPIPE/);
  await output.close();
});
