import { expect, test } from "bun:test";
import { enabledSources } from "./event-sources.ts";

const LOADED = ["syscall", "k8s_audit"];
const choose = (enable: string[], disable: string[] = []) => enabledSources({ enable, disable }, LOADED);

test("enabledSources takes all, those enabled, or all but those disabled", () => {
  expect([choose([]), choose(["k8s_audit"]), choose([], ["k8s_audit"])]).toEqual([
    LOADED,
    ["k8s_audit"],
    ["syscall"],
  ]);
});

test("enabledSources refuses both choices at once, an unknown source, and none at all", () => {
  expect(() => choose(["syscall"], ["k8s_audit"])).toThrow(
    "You can not mix --enable-source and --disable-source",
  );
  expect(() => choose(["sycsall"])).toThrow("Attempted enabling an unknown event source: sycsall");
  expect(() => choose([], ["nope"])).toThrow("Attempted disabling an unknown event source: nope");
  expect(() => choose([], LOADED)).toThrow("Must enable at least one event source");
});
