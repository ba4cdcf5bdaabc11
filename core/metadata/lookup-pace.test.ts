import { expect, test } from "bun:test";
import { LookupPace } from "./lookup-pace.ts";

const MINUTE = 60_000;

test("LookupPace asks about what nobody knows ever more seldom", () => {
  const pace = new LookupPace();
  let asked = 0;
  // A container in which a program is started every millisecond for a minute.
  for (let now = 0; now < MINUTE; now++) {
    const turn = pace.turn("a", false, now);
    if (turn === undefined) continue;
    asked++;
    pace.answered("a", turn, false, now);
  }
  expect(asked).toBeGreaterThan(3);
  expect(asked).toBeLessThan(12);
});

test("LookupPace asks again about what is known when it has run for a second, and then ever more seldom", () => {
  const pace = new LookupPace();
  expect(pace.turn("a", false, 0)).toBe("first");
  pace.answered("a", "first", true, 0);
  const asked: number[] = [];
  for (let now = 1; now < 60 * MINUTE; now += 1) {
    if (pace.turn("a", true, now) === undefined) continue;
    asked.push(now);
    // Whether or not an answer came in time: a busy runtime is no reason to keep an old name for ever.
    pace.answered("a", "again", asked.length % 2 === 0, now);
  }
  expect(asked.slice(0, 5)).toEqual([1000, 3000, 7000, 15_000, 31_000]);
  const gaps = asked.map((at, i) => at - (asked[i - 1] ?? 0));
  expect(Math.max(...gaps)).toBe(10 * MINUTE);
  expect(asked.length).toBeLessThan(17);
});

test("LookupPace asks anew about a container that was forgotten and started again", () => {
  const pace = new LookupPace();
  pace.answered("a", "first", true, 0);
  expect(pace.turn("a", false, 1)).toBe("first");
});

test("LookupPace holds each container to its own pace, and forgets the oldest of very many", () => {
  const pace = new LookupPace();
  pace.answered("a", "first", false, 0);
  expect(pace.turn("a", false, 1)).toBeUndefined();
  expect(pace.turn("b", false, 1)).toBe("first");
  for (let i = 0; i < 10_000; i++) pace.answered(`other-${i}`, "first", false, 0);
  expect(pace.turn("a", false, 1)).toBe("first");
});
