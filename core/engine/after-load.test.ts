import { expect, test } from "bun:test";
import { AfterLoad } from "./after-load.ts";

function watched() {
  const clock = { now: 5000, collections: 0 };
  const afterLoad = new AfterLoad(
    () => void clock.collections++,
    () => clock.now,
  );
  return { clock, afterLoad };
}

test("AfterLoad collects once after a load, when few events wait", () => {
  const { clock, afterLoad } = watched();
  afterLoad.waited(0);
  expect(clock.collections).toBe(0);
  afterLoad.loaded();
  afterLoad.waited(10_000);
  expect(clock.collections).toBe(0);
  afterLoad.waited(3);
  afterLoad.waited(0);
  expect(clock.collections).toBe(1);
});

test("AfterLoad puts it off for a second at most, however often rules are loaded meanwhile", () => {
  const { clock, afterLoad } = watched();
  afterLoad.loaded();
  clock.now += 900;
  afterLoad.loaded();
  afterLoad.waited(10_000);
  expect(clock.collections).toBe(0);
  clock.now += 100;
  afterLoad.waited(10_000);
  expect(clock.collections).toBe(1);
});
