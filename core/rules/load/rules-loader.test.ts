import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { syntheticRegistry } from "../../../tests/harness/synthetic-fields.ts";
import { printCondition } from "../language/print.ts";
import type { CompiledRule } from "./compiled.ts";
import { loadFailure } from "./load-failure.ts";
import type { LoadResult } from "./load-result.ts";
import { RulesLoader } from "./rules-loader.ts";

const BASE = `
- rule: r
  desc: first
  condition: evt.type = open and a.text = x
  output: out %a.text
  priority: WARNING
  tags: [b, a]
  exceptions:
    - name: e
      fields: [a.text, b.text]
      comps: [=, startswith]
    - name: s
      fields: a.text
      values: [x1, "x 2"]
`;

function load(...files: readonly string[]): { loader: RulesLoader; results: LoadResult[] } {
  const loader = new RulesLoader({ registry: syntheticRegistry });
  return { loader, results: files.map((content, i) => loader.load(`${i}.yaml`, content)) };
}

function ruleAfter(...files: readonly string[]): CompiledRule {
  const { loader, results } = load(...files);
  expect(results.flatMap((r) => r.errors.map((e) => e.message))).toEqual([]);
  return loader.compiled.rules.find((rule) => rule.name === "r")!;
}

const messages = (...files: readonly string[]): string[] =>
  load(...files)
    .results.at(-1)!
    .errors.map((e) => e.message);
const warnings = (...files: readonly string[]): string[] =>
  load(...files)
    .results.at(-1)!
    .warnings.map((w) => `${w.code}: ${w.message}`);
const override = (keys: Record<string, string>, how: Record<string, string>): string =>
  `- rule: r\n${Object.entries(keys)
    .map(([k, v]) => `  ${k}: ${v}\n`)
    .join("")}  override:\n${Object.entries(how)
    .map(([k, v]) => `    ${k}: ${v}\n`)
    .join("")}`;

const CONDITION = "(evt.type = open and a.text = x)";
const EXCEPTED = 'not a.text in (x1, "x 2")';

describe("override", () => {
  test.each([
    ["condition", "or b.text = y", `((${CONDITION} or b.text = y) and ${EXCEPTED})`],
    ["output", "more %b.text", "out %a.text more %b.text"],
    ["desc", "second", "first second"],
    ["tags", "[c, a]", ["a", "b", "c"]],
  ] as const)("append adds to %s", (key, value, expected) => {
    const rule = ruleAfter(BASE, override({ [key]: value }, { [key]: "append" }));
    const { definition } = rule;
    const found = {
      condition: printCondition(rule.tree),
      output: rule.outputText,
      desc: definition.description,
      tags: definition.tags,
    };
    expect(found[key] as unknown).toEqual(expected as unknown);
  });

  test.each([
    ["condition", "evt.type = close", { condition: "evt.type = close" }],
    ["output", "x", { output: "x" }],
    ["desc", "x", { description: "x" }],
    ["priority", "debug", { priority: "Debug" }],
    ["tags", "[z]", { tags: ["z"] }],
    ["exceptions", "[]", { exceptions: [] }],
    ["enabled", "no", { enabled: false }],
    ["capture", "true", { capture: true }],
    ["capture_duration", "0x10", { captureDuration: 16 }],
    ["warn_evttypes", "off", { warnEvttypes: false }],
    ["skip-if-unknown-filter", "on", { skipIfUnknownFilter: true }],
  ] as const)("replace changes %s", (key, value, expected) => {
    expect(ruleAfter(BASE, override({ [key]: value }, { [key]: "replace" })).definition).toMatchObject(
      expected,
    );
  });

  test.each([
    [
      override({ priority: "INFO" }, { priority: "append" }),
      "Key 'priority' cannot be appended to, use 'replace' instead",
    ],
    [override({ source: "syscall" }, { source: "replace" }), "Key 'source' cannot be replaced"],
    [
      override({ desc: "x" }, { desc: "merge" }),
      "Invalid override operation for key 'desc': 'merge'. Allowed values are: append replace ",
    ],
    [
      override({}, { desc: "append" }),
      "An append override for 'desc' was specified but 'desc' is not defined",
    ],
    [
      override({ desc: "x", output: "y" }, { desc: "append" }),
      "Unexpected key 'output': no corresponding entry under 'override' is defined.",
    ],
    [
      "- rule: none\n  desc: x\n  override: {desc: replace}",
      "An 'override.<key>: replace' to a rule was requested but no rule by that name already exists",
    ],
    [
      "- rule: r\n  condition: x\n  append: true\n  override: {condition: append}",
      "Keys 'override' and 'append: true' cannot be used together. Add an 'append' entry (e.g. 'condition: append') under 'override' instead.",
    ],
    ["- rule: r\n  enabled: maybe\n", "Can't decode YAML scalar value"],
    [
      "- rule: r\n  desc: x\n  source: other\n  condition: a.num=1\n  output: x\n  priority: INFO\n",
      "Rule has been re-defined with a different source",
    ],
  ])("refuses %p", (file, message) => expect(messages(BASE, file)).toEqual([message]));
});

describe("exceptions", () => {
  const append = (entry: string): string =>
    `- rule: r\n  exceptions:\n    - ${entry}\n  override: {exceptions: append}\n`;

  test("become negated groups behind the condition, in their order", () => {
    const rule = ruleAfter(BASE, append('{name: e, values: [[x, y], ["a b", z]]}'));
    expect(printCondition(rule.tree)).toBe(
      `(${CONDITION} and not ((a.text = x and b.text startswith y) or (a.text = "a b" and b.text startswith z)) and ${EXCEPTED})`,
    );
  });

  test("take operators with modifiers and lists by name", () => {
    const rule = ruleAfter(
      "- list: l\n  items: [p, q]\n",
      BASE,
      append("{name: n, fields: [a.text, a.path], comps: [startswith oneof, in], values: [[l, [/x, /y]]]}"),
    );
    expect(printCondition(rule.tree)).toEndWith(
      " and not (a.text startswith oneof (p, q) and a.path in (/x, /y)))",
    );
  });

  test.each([
    [
      "{name: e, fields: [a.text], values: [[x]]}",
      "Can not append exception fields to existing exception, only values",
    ],
    [
      "{name: e, comps: [=], values: [[x]]}",
      "Can not append exception comps to existing exception, only values",
    ],
    ["{name: n, values: [[x]]}", "Rule exception must have fields property with a list of fields"],
    ["{name: n, fields: [a.text]}", "Rule exception must have values property with a list of values"],
    [
      "{name: n, fields: [a.text], comps: [=, =], values: [[x]]}",
      "Fields and comps lists must have equal length",
    ],
    [
      "{name: n, fields: [a.text], comps: [like], values: [[x]]}",
      "'like' is not a supported comparison operator",
    ],
    [
      "{name: n, fields: a.text, comps: startswith, values: [x]}",
      "When fields is a single value, comps must be one of (in, pmatch, intersects) or a modifier operator (e.g. startswith oneof)",
    ],
    ["{name: n, fields: a.text, values: [[x]]}", "Expected values array to contain a list of strings"],
    ["{name: n, fields: [a.nope], values: [[x]]}", "'a.nope' is not a supported filter field"],
    ["[x]", "Rule exception must be a mapping"],
  ])("refuses to append %s", (entry, message) => expect(messages(BASE, append(entry))).toEqual([message]));
});

describe("several files", () => {
  test("share macros and lists; the last definition counts, in the place of the first", () => {
    const { loader } = load(
      "- macro: m\n  condition: a.num = 1\n",
      BASE.replace("a.text = x", "m"),
      "- macro: m\n  condition: a.num = 2\n",
    );
    expect(printCondition(loader.compiled.rules[0]!.tree)).toContain("a.num = 2");
  });

  test("cannot use a macro of a later file", () => {
    expect(messages(BASE.replace("a.text = x", "later"))).toEqual([
      "Undefined macro 'later' used in filter.",
    ]);
  });

  test("lists in lists expand one level, and further only in text", () => {
    const lists = "- list: a\n  items: [1]\n- list: b\n  items: [a, 2]\n- list: c\n  items: [b, 3]\n";
    expect(printCondition(ruleAfter(lists, BASE.replace("a.text = x", "a.text in (c)")).tree)).toContain(
      "a.text in (a, 2, 3)",
    );
  });
});

test.each([
  ["- list: used\n  items: []\n", ["LOAD_UNUSED_LIST: List not referred to by any other rule/macro"]],
  ["- foo: bar\n", ["LOAD_UNKNOWN_ITEM: Unknown top level item"]],
  [
    BASE.replace("desc: first", "desc: first\n  prority: x"),
    ["LOAD_UNKNOWN_KEY: Unknown key 'prority'. The key will be ignored."],
  ],
  [
    BASE.replace("evt.type = open and ", ""),
    ["LOAD_NO_EVTTYPE: Rule matches too many evt.type values. This has a significant performance penalty."],
  ],
  [
    BASE.replace("a.text = x", "a.nope = x").replace("tags", "skip-if-unknown-filter: true\n  tags"),
    ["LOAD_UNKNOWN_FILTER: filter_check called with nonexistent field a.nope"],
  ],
  [
    BASE.replace("out %a.text", "out %container.info"),
    [
      "LOAD_DEPRECATED_ITEM: %container.info is deprecated and no more useful, and will be dropped by Falco 1.0.0. The container plugin will automatically add required fields to the output message.",
    ],
  ],
  [
    BASE.replace("desc: first", "desc: first\n  source: k8s"),
    ["LOAD_UNKNOWN_SOURCE: Unknown source k8s, skipping"],
  ],
])("warns about %p", (file, expected) => expect(warnings(file)).toEqual(expected));

describe("keys that occur twice count the first time, and numbers keep their spelling", () => {
  const file = BASE.replace("desc: first", "desc: first\n  desc: second").replace("x1", "0644");
  test.each([true, false])("exact: %p", (exact) => {
    const loader = new RulesLoader({ registry: syntheticRegistry });
    expect(loader.load("f.yaml", file, exact).errors).toEqual([]);
    const [rule] = loader.compiled.rules;
    expect([rule!.definition.description, printCondition(rule!.tree)]).toEqual([
      "first",
      `(${CONDITION} and not a.text in (0644, "x 2"))`,
    ]);
  });
});

test("loadFailure shows the word in the file, inside a folded condition too", () => {
  const { results } = load(
    "- rule: r\n  desc: d\n  condition: >\n    evt.type = open\n      and a.txt = x\n  output: o\n  priority: INFO\n",
  );
  expect(loadFailure(results[0]!)!.format()).toBe(
    'Cannot load rule "r": unknown field "a.txt" [LOAD_ERR_COMPILE_CONDITION]\n  0.yaml:5:11\n  5 |       and a.txt = x\n                ^\n  did you mean "a.text"?',
  );
});

const RUNS = Number(process.env.FALCO_FUZZ_RUNS ?? 400);
const lines = fc.constantFrom(
  "- rule: r",
  "- macro: m",
  "- list: l",
  "  condition: a.text = x",
  "  condition: >",
  "    m and a.num > 1",
  "  items: [a, 'b c', 1, 0x1f, ~]",
  "  output: o %a.text",
  "  desc: d",
  "  priority: INFO",
  "  tags: [t]",
  "  append: true",
  "  override:",
  "    condition: append",
  "  exceptions:",
  "    - name: e",
  "      fields: [a.text]",
  "      values: [[x]]",
  "  enabled: no",
  "- required_engine_version: 0.1.0",
  "---",
  "# c",
  "",
  "\t",
  "  x: {a: [b",
  "- &a {rule: x}",
  "- *a",
  "'",
  "- - -",
);

test("any text loads, or gives errors and warnings that print; both ways of reading agree", () => {
  const file = fc.oneof(
    fc.array(lines, { maxLength: 18 }).map((l) => l.join("\n")),
    fc.string({ maxLength: 120 }),
  );
  fc.assert(
    fc.property(file, (content) => {
      const [exact, fast] = [true, false].map((how) =>
        new RulesLoader({ registry: syntheticRegistry }).load("f.yaml", content, how),
      );
      expect(fast!.json()).toEqual(exact!.json());
      expect(exact!.verbose()).toStartWith("f.yaml: ");
      loadFailure(exact!)?.format();
    }),
    { numRuns: RUNS },
  );
}, 3_600_000);
