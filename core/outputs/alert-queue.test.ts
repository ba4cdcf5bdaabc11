import { expect, test } from "bun:test";
import { sampleAlert } from "../../tests/harness/alert.ts";
import { eventually } from "../../tests/harness/programs.ts";
import type { Priority } from "./alert.ts";
import { AlertQueue, LOSSES, type OutputStats, type QueueOptions } from "./alert-queue.ts";
import type { Delivery, Message, Output } from "./output.ts";

const options: QueueOptions = {
  capacity: 0,
  recovery: "continue",
  buffered: false,
  priority: "debug",
  rate: 0,
  maxBurst: 1,
};
const message = (text: string, priority: Priority = "Warning"): Message => ({
  alert: sampleAlert({ priority }),
  text,
});

/** An output whose writes end when the test says so. */
class Gate implements Output {
  readonly name = "gate";
  readonly batch: number;
  readonly seen: string[] = [];
  open = false;
  fail = false;
  reopened = 0;
  closed = false;
  constructor(batch = 4) {
    this.batch = batch;
  }
  async write(messages: readonly Message[]): Promise<Delivery> {
    while (!this.open && !this.closed) await Bun.sleep(1);
    if (this.closed) return { delivered: 0, error: new Error("closed") };
    if (this.fail) throw new Error("broken");
    this.seen.push(...messages.map(({ text }) => text));
    return { delivered: messages.length };
  }
  async reopen(): Promise<void> {
    this.reopened++;
  }
  async close(): Promise<void> {
    this.closed = true;
  }
}

const lostIn = (stats: OutputStats): number => LOSSES.reduce((sum, loss) => sum + stats.lost[loss], 0);
const balance = (stats: OutputStats): number => stats.delivered + stats.queued + lostIn(stats);

test("AlertQueue delivers in order, a turn's pushes as one batch", async () => {
  const gate = new Gate(100);
  gate.open = true;
  const queue = new AlertQueue(gate, options);
  const texts = Array.from({ length: 250 }, (_, i) => `line ${i}`);
  for (const text of texts) queue.push(message(text));
  await queue.drain(1000);
  expect(gate.seen).toEqual(texts);
  expect(queue.stats()).toMatchObject({ taken: 250, delivered: 250, queued: 0 });
});

test("AlertQueue holds no more than its capacity and counts what it loses", async () => {
  const queue = new AlertQueue(new Gate(), { ...options, capacity: 10 });
  for (let i = 0; i < 100; i++) queue.push(message(`${i}`));
  expect(queue.stats()).toMatchObject({ taken: 100, queued: 10, lost: { queue_full: 90 } });
  await queue.drain(20);
  expect(queue.stats()).toMatchObject({ queued: 0, delivered: 0 });
  expect(balance(queue.stats())).toBe(100);
});

test("AlertQueue without a capacity is bounded by memory", () => {
  const queue = new AlertQueue(new Gate(), options);
  const text = "x".repeat(1 << 20);
  for (let i = 0; i < 100; i++) queue.push(message(text));
  expect(queue.stats().queued).toBe(8);
  expect(balance(queue.stats())).toBe(100);
});

test("AlertQueue recovery `empty` drops what waits, `exit` reports", async () => {
  const gate = new Gate(1);
  const emptying = new AlertQueue(gate, { ...options, capacity: 5, recovery: "empty" });
  for (let i = 0; i < 6; i++) emptying.push(message(`${i}`));
  expect(emptying.stats()).toMatchObject({ queued: 0, lost: { queue_full: 6 } });
  const exiting = new AlertQueue(new Gate(), { ...options, capacity: 1, recovery: "exit" });
  expect(exiting.push(message("a"))).toBe(true);
  expect(exiting.push(message("b"))).toBe(false);
  await Promise.all([emptying.drain(10), exiting.drain(10)]);
});

test("AlertQueue leaves out what is less severe than its priority", async () => {
  const gate = new Gate();
  gate.open = true;
  const queue = new AlertQueue(gate, { ...options, priority: "error" });
  for (const priority of ["Critical", "Error", "Warning", "Debug"] as const)
    queue.push(message(priority, priority));
  await queue.drain(1000);
  expect(gate.seen).toEqual(["Critical", "Error"]);
  expect(queue.stats()).toMatchObject({ filtered: 2, taken: 2, delivered: 2 });
});

test("AlertQueue loses what exceeds its rate as `rate_limit`", async () => {
  const gate = new Gate();
  gate.open = true;
  const queue = new AlertQueue(gate, { ...options, rate: 0.001, maxBurst: 3 });
  for (let i = 0; i < 10; i++) queue.push(message(`${i}`));
  await queue.drain(1000);
  expect(queue.stats()).toMatchObject({ delivered: 3, lost: { rate_limit: 7 } });
});

test("AlertQueue counts a failed batch as `error` and goes on", async () => {
  const gate = new Gate(2);
  gate.open = true;
  gate.fail = true;
  const queue = new AlertQueue(gate, options);
  for (let i = 0; i < 4; i++) queue.push(message(`${i}`));
  expect(await eventually(() => queue.stats().lost.error === 4)).toBe(true);
  expect(String(queue.lastError)).toContain("broken");
  gate.fail = false;
  queue.push(message("after"));
  await queue.drain(1000);
  expect(gate.seen).toEqual(["after"]);
});

test("AlertQueue.replace hands what waits to the new output and keeps counting", async () => {
  const first = new Gate(1);
  const second = new Gate(10);
  second.open = true;
  const queue = new AlertQueue(first, options);
  first.open = true;
  queue.push(message("0"));
  expect(await eventually(() => first.seen.length === 1)).toBe(true);
  first.open = false;
  for (let i = 1; i < 6; i++) queue.push(message(`${i}`));
  await Bun.sleep(10);
  const replaced = queue.replace(second, options);
  first.open = true;
  await replaced;
  await queue.drain(1000);
  expect([...first.seen, ...second.seen]).toEqual(["0", "1", "2", "3", "4", "5"]);
  expect(queue.stats()).toMatchObject({ taken: 6, delivered: 6 });
});

test("AlertQueue.reopen waits for the batch under way", async () => {
  const gate = new Gate(1);
  const queue = new AlertQueue(gate, options);
  queue.push(message("a"));
  queue.push(message("b"));
  await Bun.sleep(10);
  await queue.reopen();
  expect(gate.reopened).toBe(0);
  gate.open = true;
  await queue.drain(1000);
  expect(gate.reopened).toBe(1);
});

test("AlertQueue buffered waits for more, but drain does not wait", async () => {
  const gate = new Gate(100);
  gate.open = true;
  const queue = new AlertQueue(gate, { ...options, buffered: true });
  queue.push(message("a"));
  await Bun.sleep(50);
  expect(gate.seen).toEqual([]);
  await queue.drain(1000);
  expect(gate.seen).toEqual(["a"]);
});

test("AlertQueue.drain gives up on an output that does not let go", async () => {
  const stuck: Output = {
    name: "stuck",
    batch: 3,
    write: () => new Promise(() => undefined),
    close: () => new Promise(() => undefined),
  };
  const queue = new AlertQueue(stuck, options);
  for (let i = 0; i < 10; i++) queue.push(message(`${i}`));
  await queue.drain(10);
  expect(queue.stats()).toMatchObject({ taken: 10, delivered: 0, queued: 0, lost: { shutdown: 10 } });
});
