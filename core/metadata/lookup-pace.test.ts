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

test("LookupPace asks once more about what is known when it has run for a second, and no more", () => {
  const pace = new LookupPace();
  expect(pace.turn("a", false, 0)).toBe("first");
  pace.answered("a", "first", true, 0);
  expect(pace.turn("a", true, 999)).toBeUndefined();
  expect(pace.turn("a", true, 1000)).toBe("again");
  pace.answered("a", "again", false, 1000);
  expect(pace.turn("a", true, MINUTE)).toBeUndefined();
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
