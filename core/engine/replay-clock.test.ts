import { expect, test } from "bun:test";
import type { Context } from "../fields/field.ts";
import { ReplayClock } from "./replay-clock.ts";

const START = 1_470_327_477n * 1_000_000_000n;

/** A context that shows only the time of its event, milliseconds after the start. */
function at(ms: number): Context {
  const time = START + BigInt(ms) * 1_000_000n;
  const event = { time, approximateTime: Number(time) };
  return { event } as unknown as Context;
}

function clock(hooks: { duration?: number; goOn?: boolean } = {}) {
  const seconds: bigint[] = [];
  let ends = 0;
  let matched = 0;
  const rules = { match: () => void matched++ };
  const subject = new ReplayClock(rules, {
    ...(hooks.duration === undefined ? {} : { duration: hooks.duration }),
    onSecond: (time) => {
      seconds.push(time);
      return hooks.goOn ?? true;
    },
    onEnd: () => void ends++,
  });
  const play = (...times: number[]): void => {
    for (const ms of times) subject.match(at(ms), () => {});
  };
  return { play, seconds, ends: () => ends, matched: () => matched };
}

test("ReplayClock counts seconds of the events from the first one and from the last second", () => {
  const { play, seconds, matched } = clock();
  play(0, 1000, 1001, 1900, 2002, 9000, 9001);
  expect(seconds.map((time) => Number((time - START) / 1_000_000n))).toEqual([1001, 2002, 9000]);
  expect(matched()).toBe(7);
});

test("ReplayClock ends with the first event at or after the duration, which no rule sees", () => {
  const { play, ends, matched } = clock({ duration: 1.5e9 });
  play(0, 1499, 1500, 1600);
  expect({ ends: ends(), matched: matched() }).toEqual({ ends: 1, matched: 2 });
});

test("ReplayClock ends when the second's hook says so", () => {
  const { play, ends, matched } = clock({ goOn: false });
  play(0, 1001, 5000);
  expect({ ends: ends(), matched: matched() }).toEqual({ ends: 1, matched: 1 });
});
