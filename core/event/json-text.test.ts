import { expect, test } from "bun:test";
import fc from "fast-check";
import { compactJson, elements, indentJson, isDeeperThan, valueAt } from "./json-text.ts";

const slice = (text: string, path: readonly string[]): string | undefined => {
  const span = valueAt(text, path);
  return span && text.slice(span.start, span.end);
};

test("valueAt finds what stands at a path, as it is written", () => {
  const text = '{ "a\\u0062": [1.0, {"x~/y" : 12345678901234567890}, "q\\"]" ], "n":null,"n": true }';
  expect(slice(text, ["ab", "0"])).toBe("1.0");
  expect(slice(text, ["ab", "1", "x~/y"])).toBe("12345678901234567890");
  expect(slice(text, ["ab", "2"])).toBe('"q\\"]"');
  expect(slice(text, ["n"])).toBe("true");
  expect(slice(text, [])).toBe(text);
  for (const path of [["ab", "3"], ["ab", "-1"], ["ab", "x"], ["zz"], ["n", "n"]])
    expect(slice(text, path)).toBeUndefined();
});

test("elements, compactJson and indentJson agree with the parser on any JSON", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(0, 1, 3), (value, indent) => {
      const text = JSON.stringify(value, undefined, indent);
      expect(compactJson(text)).toBe(JSON.stringify(value));
      expect(indentJson(text)).toBe(JSON.stringify(value, undefined, 2));
      const spans = elements(text, 0);
      expect(spans.map(({ start, end }) => JSON.parse(text.slice(start, end)))).toEqual(
        Array.isArray(value) ? JSON.parse(text) : [],
      );
    }),
  );
});

test("indentJson keeps numbers and escapes as they are, and what is empty on one line", () => {
  expect(indentJson('{"a":[1.0,{}],"b":{"c":"\\u003c"},"d":[]}')).toBe(
    '{\n  "a": [\n    1.0,\n    {}\n  ],\n  "b": {\n    "c": "\\u003c"\n  },\n  "d": []\n}',
  );
});

test("isDeeperThan counts levels, not brackets in texts", () => {
  const nested = (levels: number): string => `${"[".repeat(levels)}"[[[["${"]".repeat(levels)}`;
  expect(isDeeperThan(nested(300), 300)).toBe(false);
  expect(isDeeperThan(nested(301), 300)).toBe(true);
});

test("what is no JSON ends every search", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...'{}[]":, a1')),
      fc.array(fc.constantFrom("a", "0")),
      (parts, path) => {
        const text = parts.join("");
        valueAt(text, path);
        elements(text, 0);
        indentJson(text);
        isDeeperThan(text, 3);
      },
    ),
  );
});
