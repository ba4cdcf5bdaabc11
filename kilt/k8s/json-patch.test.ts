import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { applied } from "../../tests/harness/admission.ts";
import { jsonPatch } from "./json-patch.ts";
import type { Json } from "./pod.ts";
import { copied } from "./pod.ts";

describe("jsonPatch()", () => {
  const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>;
  test("makes one value of the other, whatever they are", () => {
    fc.assert(
      fc.property(json, json, (a, b) => {
        const before = { root: a };
        expect(applied(before, jsonPatch(before, { root: b }))).toEqual({ root: b });
      }),
      { numRuns: 300 },
    );
  });

  test("adds in front and behind without touching what stands between", () => {
    expect(jsonPatch({ l: [{ n: 1 }, { n: 2 }] }, { l: [{ n: 0 }, { n: 1 }, { n: 2 }] })).toEqual([
      { op: "add", path: "/l/0", value: { n: 0 } },
    ]);
    expect(jsonPatch({ "a/b~": [1] }, { "a/b~": [1, 2] })).toEqual([
      { op: "add", path: "/a~1b~0/-", value: 2 },
    ]);
  });
});

describe("copied()", () => {
  test("copies all the way down, a key that names the prototype included", () => {
    const text = '{"__proto__":{"a":[1,{"b":null}]},"c":{"d":"e"}}';
    const value = JSON.parse(text);
    const copy = copied(value);
    expect(JSON.stringify(copy)).toBe(text);
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
    value.c.d = "changed";
    expect(JSON.stringify(copy)).toBe(text);
  });
});
