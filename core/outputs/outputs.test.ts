import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { sampleAlert } from "../../tests/harness/alert.ts";
import { Workspace } from "../../tests/harness/programs.ts";
import { loadConfig } from "../config/load.ts";
import { internalAlert } from "./internal-alert.ts";
import type { Message, Output } from "./output.ts";
import { OutputQueue } from "./outputs.ts";

const optionsOf = (...overrides: string[]) =>
  loadConfig({
    searchPaths: [],
    overrides: ["stdout_output.enabled=false", "syslog_output.enabled=false", ...overrides],
  }).config;
const silent = { log: () => undefined };

/** Numbers of the alerts in a file, in order. */
const numbersIn = (path: string): number[] =>
  [...readFileSync(path, "utf8").matchAll(/alert (\d+)/g)].map((match) => Number(match[1]));

test("OutputQueue survives ten reconfigurations under load: nothing lost, nothing twice, counters go on", async () => {
  await using space = new Workspace();
  const options = (round: number) =>
    optionsOf(
      "file_output.enabled=true",
      `file_output.filename=${space.file("a.txt")}`,
      `file_output.keep_alive=${round % 2 === 0}`,
      `json_output=${round % 3 === 0}`,
      "program_output.enabled=true",
      `program_output.program=cat >> ${space.file("b.txt")} # ${round}`,
      "program_output.keep_alive=true",
    );
  const outputs = new OutputQueue(options(0), silent);
  let next = 0;
  for (let round = 1; round <= 10; round++) {
    const done = outputs.reconfigure(options(round));
    let finished = false;
    void done.then(() => {
      finished = true;
    });
    while (!finished || next < round * 1000) {
      outputs.push(sampleAlert({ message: `alert ${next++}` }));
      if (next % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  }
  await outputs.drain(5000);
  const wanted = Array.from({ length: next }, (_, i) => i);
  expect(numbersIn(space.file("a.txt"))).toEqual(wanted);
  expect(numbersIn(space.file("b.txt"))).toEqual(wanted);
  for (const stats of outputs.stats())
    expect(stats).toMatchObject({ taken: next, delivered: next, queued: 0 });
  expect(outputs.counts.total).toBe(next);
});

test("OutputQueue.reconfigure drains what is taken away, keeps its counters, and starts what is new", async () => {
  await using space = new Workspace();
  const file = (name: string) => ["file_output.enabled=true", `file_output.filename=${space.file(name)}`];
  const outputs = new OutputQueue(optionsOf(...file("a.txt")), silent);
  outputs.push(sampleAlert({ message: "alert 1" }));
  await outputs.reconfigure(optionsOf());
  expect(outputs.names).toEqual([]);
  expect(outputs.stats()).toMatchObject([{ name: "file", taken: 1, delivered: 1 }]);
  outputs.push(sampleAlert({ message: "alert 2" }));
  await outputs.reconfigure(optionsOf(...file("b.txt")));
  outputs.push(sampleAlert({ message: "alert 3" }));
  await outputs.drain(1000);
  expect([numbersIn(space.file("a.txt")), numbersIn(space.file("b.txt"))]).toEqual([[1], [3]]);
  expect(outputs.stats()).toMatchObject([{ name: "file", taken: 2, delivered: 2 }]);
});

test("OutputQueue hands alerts to the gRPC output, and does not count falco's own", async () => {
  const seen: Message[] = [];
  const grpc: Output = {
    name: "grpc",
    batch: 10,
    write: async (messages) => {
      seen.push(...messages);
      return { delivered: messages.length };
    },
    close: async () => undefined,
  };
  const outputs = new OutputQueue(optionsOf("grpc_output.enabled=true"), { ...silent, grpc });
  const { time, hostname } = sampleAlert();
  outputs.push(sampleAlert());
  outputs.push(
    internalAlert({
      time,
      hostname,
      rule: "Falco internal: test",
      priority: "Debug",
      message: "m",
      fields: {},
    }),
  );
  await outputs.drain(1000);
  expect(seen.map(({ alert }) => alert.rule)).toEqual([
    "Read sensitive file untrusted",
    "Falco internal: test",
  ]);
  expect(outputs.counts.total).toBe(1);
});

test("OutputQueue reports a stuck output once, and its losses with their causes at the end", async () => {
  const log: string[] = [];
  const stuck: Output = {
    name: "grpc",
    batch: 1,
    write: () => new Promise(() => undefined),
    close: async () => undefined,
  };
  const outputs = new OutputQueue(
    optionsOf("grpc_output.enabled=true", "output_timeout=50", "outputs_queue.capacity=5"),
    {
      log: (level, message) => void log.push(`${level}: ${message}`),
      grpc: stuck,
    },
  );
  for (let i = 0; i < 20; i++) outputs.push(sampleAlert());
  await Bun.sleep(700);
  await outputs.drain(10);
  expect(log.filter((line) => line.includes("timeout"))).toEqual([
    'critical: "grpc" output timeout: it has taken nothing for 50 ms',
  ]);
  expect(log.at(-1)).toContain("queue_full 15");
  expect(log.at(-1)).toContain("shutdown 5");
});

test("OutputQueue.room waits for an output that moves, not for one that is stuck", async () => {
  let release: (() => void) | undefined;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const slow: Output = {
    name: "grpc",
    batch: 100,
    write: async (messages) => {
      await gate;
      return { delivered: messages.length };
    },
    close: async () => undefined,
  };
  const outputs = new OutputQueue(optionsOf("grpc_output.enabled=true", "outputs_queue.capacity=10"), {
    ...silent,
    grpc: slow,
  });
  for (let i = 0; i < 10; i++) outputs.push(sampleAlert());
  let free = false;
  const waiting = outputs.room(60_000).then(() => {
    free = true;
  });
  await Bun.sleep(50);
  expect(free).toBe(false);
  await outputs.room(20);
  release?.();
  await waiting;
  expect(outputs.stats()).toMatchObject([{ delivered: 10 }]);
  await outputs.drain(100);
});

test("OutputQueue.room waits for a reader that stops, until it is told to hurry", async () => {
  const stopped: Output = {
    name: "stdout",
    batch: 100,
    patient: true,
    write: () => new Promise(() => undefined),
    close: async () => undefined,
  };
  const outputs = new OutputQueue(optionsOf("grpc_output.enabled=true", "outputs_queue.capacity=10"), {
    ...silent,
    grpc: stopped,
  });
  for (let i = 0; i < 10; i++) outputs.push(sampleAlert());
  let free = false;
  const waiting = outputs.room(20).then(() => {
    free = true;
  });
  await Bun.sleep(100);
  expect(free).toBe(false);
  outputs.hurry();
  await waiting;
  await outputs.drain(1);
  expect(outputs.stats()).toMatchObject([{ taken: 10, delivered: 0, lost: { shutdown: 10 } }]);
});
