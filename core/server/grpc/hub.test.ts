import { expect, test } from "bun:test";
import { fromBinary } from "@bufbuild/protobuf";
import { responseSchema } from "../../../proto/gen/outputs_pb.ts";
import type { Alert } from "../../outputs/alert.ts";
import { alertMessage } from "./alert-message.ts";
import { type HubOptions, OutputHub, type Position } from "./hub.ts";

const alert = (rule: string): Alert => ({
  time: 1_700_000_000_123_456_789n,
  rule,
  priority: "Notice",
  source: "syscall",
  hostname: "node-1",
  message: `${rule} happened`,
  tags: ["a", "b"],
  fields: {},
});

function hubWith(options: HubOptions) {
  const drops: Record<string, number> = {};
  const hub = new OutputHub({
    ...options,
    onDrop: (cause, count) => {
      drops[cause] = (drops[cause] ?? 0) + count;
    },
  });
  const publish = (...rules: (string | number)[]) => {
    for (const rule of rules) hub.publish(alert(String(rule)));
  };
  /** Joins; `room` alerts are taken before the receiver says it is full. */
  const join = (room: number, from?: Position) => {
    const got: string[] = [];
    const missed: number[] = [];
    const seen: number[] = [];
    let left = room;
    let done = false;
    const subscription = hub.subscribe(
      {
        alert: (message, sequence, lost) => {
          got.push(fromBinary(responseSchema, message).rule);
          seen.push(sequence);
          if (lost > 0) missed.push(lost);
          return --left > 0;
        },
        done: () => {
          done = true;
        },
      },
      from,
    );
    if (room > 0) subscription.resume();
    const more = (count: number) => {
      left = count;
      subscription.resume();
    };
    return { got, missed, seen, more, subscription, isDone: () => done };
  };
  return { hub, drops, publish, join };
}

const ALL = Number.POSITIVE_INFINITY;

test("OutputHub broadcasts every alert to everybody in order", () => {
  const { publish, join } = hubWith({});
  const [a, b] = [join(ALL), join(ALL)];
  publish(1, 2, 3);
  expect([a.got, b.got]).toEqual([
    ["1", "2", "3"],
    ["1", "2", "3"],
  ]);
});

test("OutputHub queues while nobody listens and gives the queue to the first who comes", () => {
  const { publish, join, hub } = hubWith({});
  publish(1, 2);
  expect(hub.stats().queued).toBe(2);
  expect(join(ALL).got).toEqual(["1", "2"]);
  expect(join(ALL).got).toEqual([]);
});

test("OutputHub.subscribe().finish() delivers what is queued and ends", () => {
  const { publish, join } = hubWith({});
  publish(1, 2, 3);
  const reader = join(2);
  reader.subscription.finish();
  expect([reader.got, reader.isDone()]).toEqual([["1", "2"], false]);
  publish(4);
  reader.more(10);
  expect([reader.got, reader.isDone()]).toEqual([["1", "2", "3"], true]);
  expect(join(ALL).got).toEqual(["4"]);
});

test("OutputHub keeps what a leaving subscriber had not read when nobody else had it", () => {
  const { publish, join } = hubWith({});
  const reader = join(1);
  publish(1, 2, 3);
  reader.subscription.close();
  expect(join(ALL).got).toEqual(["2", "3"]);
});

test("OutputHub counts what a stalled subscriber misses, tells it, and harms nobody else", () => {
  const { publish, join, drops, hub } = hubWith({ queue: 4 });
  const [stalled, reader] = [join(1), join(ALL)];
  publish(1, 2, 3, 4, 5, 6, 7, 8);
  expect(reader.got).toHaveLength(8);
  expect(drops).toEqual({ subscriber_slow: 3 });
  stalled.more(ALL);
  expect(stalled.got).toEqual(["1", "5", "6", "7", "8"]);
  expect(stalled.missed).toEqual([3]);
  expect(hub.stats()).toMatchObject({ published: 8, delivered: 13, missed: 3 });
});

test("OutputHub bounds the queue by bytes, too, and counts what nobody was there for", () => {
  const { publish, hub, drops, join } = hubWith({ queueBytes: 1000 });
  publish(...Array.from({ length: 100 }, (_, i) => i));
  expect(hub.stats().bytes).toBeLessThanOrEqual(1000);
  const { got } = join(ALL);
  expect(drops["no_subscriber"]).toBe(100 - got.length);
  expect(got.at(-1)).toBe("99");
});

test("OutputHub resumes behind a sequence number, and says what is gone", () => {
  const { publish, join, hub } = hubWith({ queue: 4, history: 4 });
  const first = join(ALL);
  publish(1, 2, 3);
  first.subscription.close();
  publish(4);
  const { instance } = hub;
  expect(join(ALL, { instance, after: 2 }).got).toEqual(["3", "4"]);
  publish(5, 6, 7);
  const late = join(ALL, { instance, after: 1 });
  expect([late.got, late.missed]).toEqual([["4", "5", "6", "7"], [2]]);
  expect(join(ALL, { instance: "another", after: 1 }).got).toEqual([]);
});

test("OutputHub frees what everybody had, except the history", () => {
  const { publish, join, hub } = hubWith({ history: 8 });
  join(ALL);
  publish(...Array.from({ length: 5000 }, (_, i) => i));
  const perAlert = alertMessage(alert("4999")).length;
  expect(hub.stats().bytes).toBeLessThanOrEqual(perAlert * (8 + 512));
});

test("OutputHub in round-robin gives each alert to one subscriber in turn, passing over who is busy", () => {
  const { publish, join, hub } = hubWith({ mode: "round_robin" });
  const [a, b, c] = [join(ALL), join(1), join(ALL)];
  publish(1, 2, 3, 4, 5, 6);
  expect(b.got).toHaveLength(1);
  expect([...a.got, ...b.got, ...c.got].sort()).toEqual(["1", "2", "3", "4", "5", "6"]);
  expect(Math.abs(a.got.length - c.got.length)).toBeLessThanOrEqual(1);
  for (const one of [a, c]) one.subscription.close();
  publish(7, 8);
  expect(hub.stats().queued).toBe(2);
  b.more(ALL);
  expect(b.got.slice(1)).toEqual(["7", "8"]);
});

test("OutputHub in round-robin with everybody busy loses the oldest and tells who is served next", () => {
  const { publish, join, drops } = hubWith({ mode: "round_robin", queue: 2 });
  const reader = join(1);
  publish(1, 2, 3, 4, 5);
  expect(drops).toEqual({ subscriber_slow: 2 });
  reader.more(ALL);
  expect([reader.got, reader.missed]).toEqual([["1", "4", "5"], [2]]);
});
