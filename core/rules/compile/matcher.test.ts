import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { contextOf, syntheticRegistry, type Values } from "../../../tests/harness/synthetic-fields.ts";
import type { Context, FieldRead } from "../../fields/field.ts";
import { Binder, type BoundNode } from "../check/bind.ts";
import { compareValues, type Scalar } from "../check/test.ts";
import { eventCodes } from "../language/event-codes.ts";
import { parseCondition } from "../language/parser.ts";
import { Matcher } from "./matcher.ts";

const binder = new Binder(syntheticRegistry, "syscall");
const everywhere = eventCodes(Array.from({ length: 400 }, (_, i) => i));
const rule = (condition: string) => ({
  name: condition,
  condition: binder.bind(parseCondition(condition)).node,
  codes: everywhere,
});

function matches(conditions: readonly string[], values: Values, firstOnly = false): string[] {
  const found: string[] = [];
  new Matcher(conditions.map(rule), firstOnly).match(contextOf(values), ({ name }) => found.push(name));
  return found;
}

/** What a condition means, computed the plain way. */
function evaluate(node: BoundNode, context: Context): boolean {
  switch (node.kind) {
    case "and":
      return node.children.every((child) => evaluate(child, context));
    case "or":
      return node.children.some((child) => evaluate(child, context));
    case "not":
      return !evaluate(node.child, context);
    case "present":
      return node.operand.read(context, node.operand.arg) !== undefined;
    case "pair": {
      const left = node.left.read(context, undefined);
      const right = node.right.read(context, undefined);
      if (left === undefined || right === undefined) return false;
      return compareValues(node.left.type, node.operator, left as Scalar, right as Scalar);
    }
    case "test": {
      const { operand, test: check, quantifier } = node;
      const candidates = quantifier !== "one" && !operand.list;
      const value = candidates
        ? operand.field!.anyOf!(context, undefined)
        : operand.read(context, operand.arg);
      if (value === undefined) return false;
      if (quantifier === "one") return check.passes(value as Scalar);
      const all = value as readonly FieldRead[];
      if (quantifier === "some") return all.some((v) => check.passes(v as Scalar));
      return (all.length > 0 || !candidates) && all.every((v) => check.passes(v as Scalar));
    }
  }
}

describe("Matcher", () => {
  test("tells texts apart that come again and again, also by their variant", () => {
    const conditions = [
      "a.path = ab",
      "a.path startswith a and a.num = 1",
      "a.file = b",
      "not a.file exists",
    ];
    const matcher = new Matcher(conditions.map(rule), false);
    const found = (values: Values): string[] => {
      const names: string[] = [];
      matcher.match(contextOf(values), ({ name }) => names.push(name));
      return names;
    };
    for (let i = 0; i < 5; i++) {
      expect(found({ "a.path": "ab", "a.kind": 0, "a.num": i })).toEqual(
        conditions.slice(0, 3).filter((_, n) => n !== 1 || i === 1),
      );
      expect(found({ "a.path": "ab", "a.kind": 1 })).toEqual([conditions[0]!, conditions[3]!]);
      expect(found({ "a.path": "b", "a.kind": 2 })).toEqual([conditions[2]!]);
      expect(found({ "a.kind": 0 })).toEqual([conditions[3]!]);
    }
  });

  test("finds the rules that are true, in the order of the rules", () => {
    const conditions = ["a.num > 3", "a.text = x", "a.text in (x, y)", "a.text = z"];
    expect(matches(conditions, { "a.text": "x", "a.num": 4 })).toEqual(conditions.slice(0, 3));
  });

  test("stops at the first match when only that is wanted", () => {
    expect(matches(["a.num = 2", "a.num = 1", "a.num < 9"], { "a.num": 1 }, true)).toEqual(["a.num = 1"]);
  });

  test.each([
    ["a.text = x", false],
    ["a.text != x", false],
    ["not a.text = x", true],
    ["a.text in (x)", false],
    ["a.num < 5", false],
    ["a.num >= 0", false],
    ["a.text startswith a", false],
    ["a.text exists", false],
    ["not a.text exists", true],
    ["a.text = val(b.text)", false],
    ["a.list in (x)", false],
    ["a.any != x", false],
    ["len(a.text) = 0", false],
    ["a.both != 1", false],
  ] as const)("takes a field without value as false for every operator: %s", (condition, expected) => {
    expect(matches([condition], {})).toEqual(expected ? [condition] : []);
  });

  test.each([
    ["a.list in (x, y)", ["x", "y"], true],
    ["a.list in (x)", ["x", "y"], false],
    ["a.list in (x)", [], true],
    ["a.list intersects (x)", ["x", "y"], true],
    ["a.list intersects (z)", ["x", "y"], false],
  ] as const)("%s of %p is %p", (condition, list, expected) => {
    expect(matches([condition], { "a.list": list })).toEqual(expected ? [condition] : []);
  });

  test("a field with several candidates passes with one, and differs only with all where that is its way", () => {
    expect(matches(["a.any = x", "a.any != x", "a.any = z"], { "a.any": ["x", "y"] })).toEqual([
      "a.any = x",
      "a.any != x",
    ]);
    expect(matches(["a.both != 1", "a.both = 1", "a.both != 3"], { "a.both": [1, 2] })).toEqual([
      "a.both = 1",
      "a.both != 3",
    ]);
  });

  test("knows the event's type before it comes", () => {
    const conditions = [
      "evt.type = openat and a.num = 1",
      "evt.type = close or a.num = 2",
      "evt.type != close",
    ];
    expect(matches(conditions, { "evt.type": "openat", "a.num": 1 })).toEqual([
      conditions[0]!,
      conditions[2]!,
    ]);
  });
});

const word = fc.constantFrom("x", "y", "z", "ab", "abc", "");
const quoted = word.map((w) => `"${w}"`);
const number = fc.integer({ min: -2, max: 4 });
const leaf = fc.oneof(
  fc
    .tuple(
      fc.constantFrom("a.text", "b.text", "a.path", "a.file"),
      fc.constantFrom("=", "!=", "contains", "startswith", "endswith", "icontains", "glob"),
      quoted,
    )
    .map((t) => t.join(" ")),
  fc
    .tuple(
      fc.constantFrom("a.text", "b.text", "a.path", "a.file", "a.list"),
      fc.constantFrom("in", "intersects"),
      fc.array(quoted, { maxLength: 6 }),
    )
    .map(([f, op, l]) => `${f} ${op} (${l.join(", ")})`),
  fc
    .tuple(fc.constantFrom("a.num", "a.both"), fc.constantFrom("=", "!=", "<", "<=", ">", ">="), number)
    .map((t) => t.join(" ")),
  fc
    .tuple(fc.constantFrom("a.num", "a.port"), fc.array(fc.nat({ max: 4 }), { maxLength: 5 }))
    .map(([f, l]) => `${f} in (${l.join(", ")})`),
  fc.constantFrom(
    "a.flag = true",
    "a.flag != true",
    "a.text exists",
    "a.text = val(b.text)",
    "a.num != val(a.num)",
    "evt.type = openat",
    "evt.type = close",
    "a.any = x",
    "tolower(a.text) = ab",
  ),
);
const condition = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    fc.array(tie("node"), { minLength: 2, maxLength: 4 }).map((c) => `(${c.join(" and ")})`),
    fc.array(tie("node"), { minLength: 2, maxLength: 4 }).map((c) => `(${c.join(" or ")})`),
    tie("node").map((c) => `not (${c})`),
  ),
})).node;
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const values = fc.record({
  "evt.type": fc.constant("openat"),
  "a.text": maybe(word),
  "b.text": maybe(word),
  "a.path": maybe(word),
  "a.kind": fc.nat({ max: 2 }),
  "a.num": maybe(number),
  "a.flag": maybe(fc.boolean()),
  "a.port": maybe(fc.nat({ max: 4 })),
  "a.list": maybe(fc.array(word, { maxLength: 3 })),
  "a.any": fc.array(word, { maxLength: 3 }),
  "a.both": fc.array(fc.nat({ max: 3 }), { maxLength: 2 }),
});

/** The rules of a matcher that is asked, at first and when it has learned, find what plain evaluation finds. */
function check(conditions: readonly string[], events: readonly Values[], steps: number): void {
  const rules = conditions.map(rule);
  const matcher = new Matcher(rules, false, steps);
  const compare = (event: Values): void => {
    const context = contextOf(event);
    const found = new Set<object>();
    matcher.match(context, (r) => found.add(r));
    for (const r of rules) expect([r.name, found.has(r)]).toEqual([r.name, evaluate(r.condition, context)]);
  };
  events.forEach(compare);
  // Texts come again, and there are enough events for it to compile what it has learned.
  for (let i = 0; i < 1000; i++) matcher.match(contextOf(events[i % events.length]!), () => {});
  events.forEach(compare);
}

const RUNS = Number(process.env.FALCO_FUZZ_RUNS ?? 30);

test("Matcher finds what plain evaluation finds, whatever the conditions, before and after it has learned", () => {
  fc.assert(
    fc.property(
      fc.array(condition, { minLength: 1, maxLength: 25 }),
      fc.array(values, { minLength: 1, maxLength: 12 }),
      fc.constantFrom(1, 200, 1e9),
      check,
    ),
    { numRuns: RUNS },
  );
}, 3_600_000);

test("Matcher does so where many rules share large tests and the code is cut into many functions", () => {
  const shared = fc.array(leaf, { minLength: 4, maxLength: 7 });
  const own = fc.tuple(fc.nat(), fc.nat(), fc.boolean(), leaf);
  fc.assert(
    fc.property(
      fc.array(shared, { minLength: 2, maxLength: 5 }),
      fc.array(own, { minLength: 30, maxLength: 90 }),
      fc.array(values, { minLength: 1, maxLength: 8 }),
      (macros, owns, events) => {
        const macro = (i: number): string => `(${macros[i % macros.length]!.join(i % 2 ? " or " : " and ")})`;
        const conditions = owns.map(
          ([i, j, negated, mine]) => `${macro(i)} and (${negated ? "not " : ""}${macro(j)} or ${mine})`,
        );
        check(conditions, events, 1);
      },
    ),
    { numRuns: RUNS },
  );
}, 3_600_000);
