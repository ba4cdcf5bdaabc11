import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { container } from "../../core/fields/container.ts";
import { describeRules } from "../../core/rules/describe/describe.ts";
import { RulesLoader } from "../../core/rules/load/rules-loader.ts";
import { suggestedOutput } from "../../core/rules/output/additions.ts";
import { registry } from "./conditions.ts";
import { CONFORMANCE, CONFORMANCE_MISSING } from "./location.ts";

if (CONFORMANCE_MISSING) console.warn(`skipped: ${CONFORMANCE_MISSING}`);

/** Arrays that stand for sets: the reference prints them in no particular order. */
const SETS = [
  "condition_fields",
  "condition_operators",
  "events",
  "exception_fields",
  "exception_names",
  "exception_operators",
  "lists",
  "macros",
];

function withoutOrder(key: string, value: unknown): unknown {
  return SETS.includes(key) && Array.isArray(value) && typeof value[0] === "string"
    ? [...(value as string[])].sort()
    : value;
}

const normal = (text: string): object => JSON.parse(text, withoutOrder) as object;
const surface = (file: string): object => normal(readFileSync(join(CONFORMANCE, "surface", file), "utf8"));

const fields = new Set(container.fields.map((field) => field.name));
const plugins = [{ name: "container", hasField: (_source: string, field: string) => fields.has(field) }];

function stableRules(): RulesLoader {
  const loader = new RulesLoader({ registry, additions: suggestedOutput(registry) });
  loader.load("falco_rules.yaml", readFileSync(join(CONFORMANCE, "rules/falco_rules.yaml"), "utf8"));
  return loader;
}

describe.skipIf(CONFORMANCE_MISSING !== undefined)("describeRules", () => {
  test("gives every rule, macro and list of the stable file as `-L` of the reference does", () => {
    expect(normal(JSON.stringify(describeRules(stableRules(), plugins)))).toEqual(surface("rules-list.json"));
  });

  test("gives one rule as `-l RULE` does", () => {
    const one = describeRules(stableRules(), plugins, "Read sensitive file untrusted");
    expect(normal(JSON.stringify(one))).toEqual(surface("rule-one.json"));
  });
});
