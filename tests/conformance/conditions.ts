import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FIELD_CLASSES, fieldRegistry } from "../../core/fields/all.ts";
import { Matcher } from "../../core/rules/compile/matcher.ts";
import type { CompiledRule } from "../../core/rules/load/compiled.ts";
import { RulesLoader } from "../../core/rules/load/rules-loader.ts";
import { CONFORMANCE } from "./location.ts";
import { replay } from "./replay.ts";

interface Answer {
  readonly count: number;
  /** First 16 digits of the SHA-256 of all event numbers, joined by commas. */
  readonly sha256: string;
  readonly first: readonly number[];
}

export interface Refusal {
  readonly condition: string;
  readonly code: string;
  readonly message: string;
}

interface Answers {
  readonly rules: Readonly<Record<string, Answer>>;
  readonly refused: readonly Refusal[];
}

/** A rule that matched other events than the reference found. */
export interface Difference {
  readonly rule: string;
  readonly condition: string;
  readonly expected: number;
  readonly found: number;
  /** The first event number that one side has and the other has not. */
  readonly at: number | undefined;
}

export const registry = fieldRegistry(FIELD_CLASSES, ["syscall"]);

const read = (file: string): string => readFileSync(join(CONFORMANCE, "conditions", file), "utf8");
export const answersFor = (capture: string): Answers => JSON.parse(read(`${capture}.json`)) as Answers;

function difference(rule: CompiledRule, answer: Answer, found: readonly number[]): Difference | undefined {
  const digest = new Bun.CryptoHasher("sha256").update(found.join(",")).digest("hex").slice(0, 16);
  if (digest === answer.sha256) return undefined;
  const wrong = answer.first.findIndex((num, i) => found[i] !== num);
  const at = wrong < 0 ? undefined : Math.min(answer.first[wrong]!, found[wrong] ?? Number.MAX_SAFE_INTEGER);
  return {
    rule: rule.name,
    condition: rule.definition.condition.trim(),
    expected: answer.count,
    found: found.length,
    at,
  };
}

/** Replays a capture with the generated rules and compares which events each of them matched. */
export async function compareConditions(
  capture: string,
): Promise<{ readonly rules: number; readonly differences: readonly Difference[] }> {
  const loader = new RulesLoader({ registry });
  const result = loader.load(`${capture}.yaml`, read(`${capture}.yaml`));
  if (!result.successful) throw new Error(result.verbose());
  const matched = new Map<CompiledRule, number[]>(loader.compiled.rules.map((rule) => [rule, []]));
  const matcher = new Matcher(loader.compiled.rules, false);
  await replay(join(CONFORMANCE, "captures", `${capture}.scap`), (context) => {
    matcher.match(context, (rule) => matched.get(rule)!.push(context.event.num));
  });
  const { rules } = answersFor(capture);
  const differences = Array.from(matched, ([rule, found]) => difference(rule, rules[rule.name]!, found));
  return { rules: matched.size, differences: differences.filter((d) => d !== undefined) };
}
