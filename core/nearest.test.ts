import { expect, test } from "bun:test";
import { nearest } from "./nearest.ts";

test("nearest() finds one edit in a short word, more in a long one, swaps counted once", () => {
  expect(nearest("lst", ["list", "show"])).toBe("list");
  expect(nearest("rulse", ["rules", "run"])).toBe("rules");
  expect(nearest("proc.nmae", ["proc.name", "proc.pid"])).toBe("proc.name");
  expect(nearest("json_outptu", ["json_output"])).toBe("json_output");
});

test("nearest() gives nothing for what resembles nothing", () => {
  expect(nearest("zebra", ["list", "show"])).toBeUndefined();
  expect(nearest("x", [])).toBeUndefined();
});
