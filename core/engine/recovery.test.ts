import { expect, test } from "bun:test";
import type { SeedSink } from "../event/source.ts";
import { State } from "../state/state.ts";
import { Recovery } from "./recovery.ts";

/** A source whose passes take two steps, and how many of them were begun. */
function scanning() {
  const source = {
    passes: 0,
    *rescan(_sink: SeedSink): Generator<void> {
      source.passes++;
      yield;
      yield;
    },
  };
  return source;
}

test("Recovery reads what runs anew once after a loss, when the buffer is empty, and no more for a while", () => {
  const source = scanning();
  let done = 0;
  const recovery = new Recovery(source, new State(), () => done++);
  recovery.waited(0);
  expect(source.passes).toBe(0);
  recovery.lost();
  recovery.waited(100_000);
  expect(source.passes).toBe(0);
  while (done === 0) recovery.waited(0);
  recovery.lost();
  recovery.waited(0);
  expect([source.passes, recovery.isBusy]).toEqual([1, false]);
});

test("Recovery does nothing for sources that lose nothing", () => {
  const recovery = new Recovery({}, new State(), () => {});
  recovery.lost();
  recovery.waited(0);
  expect(recovery.isBusy).toBe(false);
});
