import { PRIORITIES, type Priority } from "../outputs/alert.ts";
import type { CompiledRule } from "./load/compiled.ts";

/** One entry of the configuration's `rules`: what it names is switched on or off. */
export interface Selection {
  readonly operation: "enable" | "disable";
  /** Wildcard over the whole name. */
  readonly rule?: string;
  /** A tag the rule has to carry. */
  readonly tag?: string;
}

/**
 * Matches `*` as any run, without going back: a run ends at the first place where what follows it fits.
 * `*abc` does not match `abcxabc`, here as in the reference.
 */
export function matchesWildcard(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  while (p < pattern.length) {
    if (pattern[p] !== "*") {
      if (pattern[p] !== text[t]) return false;
      p++;
      t++;
      continue;
    }
    while (pattern[p] === "*") p++;
    if (p === pattern.length) return true;
    const star = pattern.indexOf("*", p);
    const literal = pattern.slice(p, star < 0 ? undefined : star);
    const found = text.indexOf(literal, t);
    if (found < 0) return false;
    p += literal.length;
    t = found + literal.length;
  }
  return t === text.length;
}

const isSelected = (rule: CompiledRule, selection: Selection): boolean =>
  (selection.rule !== undefined && matchesWildcard(selection.rule, rule.name)) ||
  (selection.tag !== undefined && rule.definition.tags.includes(selection.tag));

/**
 * The rules that run, in order of evaluation: by definition, then those that a selection switched on. Rules less
 * severe than `least` cannot be switched on.
 */
export function selectRules(
  rules: readonly CompiledRule[],
  selections: readonly Selection[],
  least: Priority = "Debug",
): readonly CompiledRule[] {
  const limit = PRIORITIES.indexOf(least);
  const severe = rules.filter((rule) => PRIORITIES.indexOf(rule.definition.priority) <= limit);
  const running = new Set(severe.filter((rule) => rule.definition.enabled));
  for (const selection of selections) {
    for (const rule of severe) {
      if (!isSelected(rule, selection)) continue;
      if (selection.operation === "enable") running.add(rule);
      else running.delete(rule);
    }
  }
  return [...running];
}
