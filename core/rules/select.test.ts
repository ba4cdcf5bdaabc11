import { describe, expect, test } from "bun:test";
import { syntheticRegistry } from "../../tests/harness/synthetic-fields.ts";
import { RulesLoader } from "./load/rules-loader.ts";
import { matchesWildcard, type Selection, selectRules } from "./select.ts";

const rule = (name: string, priority: string, tags: string, enabled = true): string =>
  `- rule: ${name}\n  desc: d\n  condition: evt.type = open\n  output: o\n  priority: ${priority}\n  tags: [${tags}]\n  enabled: ${enabled}\n`;
const loader = new RulesLoader({ registry: syntheticRegistry });
loader.load(
  "f.yaml",
  rule("one a", "ERROR", "x") + rule("two a", "DEBUG", "x, y") + rule("off", "INFO", "y", false),
);
const selected = (selections: readonly Selection[], least?: "Error" | "Notice"): string[] =>
  selectRules(loader.compiled.rules, selections, least).map((r) => r.name);

describe("selectRules", () => {
  test.each([
    [[], ["one a", "two a"]],
    [[{ operation: "disable", rule: "* a" }], []],
    [[{ operation: "enable", rule: "*" }], ["one a", "two a", "off"]],
    [
      [
        { operation: "disable", tag: "x" },
        { operation: "enable", rule: "one*" },
      ],
      ["one a"],
    ],
    [
      [
        { operation: "enable", tag: "y" },
        { operation: "disable", rule: "two a" },
      ],
      ["one a", "off"],
    ],
    [
      [
        { operation: "disable", rule: "*" },
        { operation: "enable", rule: "two a" },
        { operation: "enable", rule: "one a" },
      ],
      ["two a", "one a"],
    ],
    [[{ operation: "disable", rule: "one" }], ["one a", "two a"]],
  ] as readonly [readonly Selection[], readonly string[]][])("%j leaves %j", (selections, expected) => {
    expect(selected(selections)).toEqual([...expected]);
  });

  test("cannot switch on what is less severe than the threshold", () => {
    expect(selected([{ operation: "enable", rule: "*" }], "Error")).toEqual(["one a"]);
  });
});

test.each([
  ["*", "", true],
  ["a*", "abc", true],
  ["*c", "abc", true],
  ["*b*", "abc", true],
  ["a*c*e", "abcde", true],
  ["abc", "abcd", false],
  ["*abc", "abcxabc", false],
] as const)("matchesWildcard(%p, %p) is %p", (pattern, text, expected) => {
  expect(matchesWildcard(pattern, text)).toBe(expected);
});
