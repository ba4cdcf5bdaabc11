import type { Operand } from "../check/operand.ts";

/**
 * Rough nanoseconds to know a field's value, by what it takes: a property; a look-up in a table; a text put together;
 * a parameter decoded and rendered; 64-bit times and walks up the tree of processes. The first that fits counts.
 */
const COSTS: readonly (readonly [RegExp, number])[] = [
  [
    /^(?:evt\.(?:num|type|is_.*|rawres|failed|dir|cpu)|fd\.num|proc\.(?:name|exe|is_exe.*)|container\.id)$/,
    2,
  ],
  [/^(?:evt\.(?:args?|info|buffer|abspath.*)|fs\.path\..*|fd\.nameraw|fdlist\..*)$/, 200],
  [/(?:duration|_ts|\.ts|time)$/, 100],
  [/^proc\.a(?:name|exe|exepath|cmdline|pid|env|args)$|^thread\.cap_|^container\.(?:mount|label)/, 60],
  [/^(?:proc\.(?:p?cmdline|exeline|args|env)|fd\.(?:directory|filename|.*ip|.*net)|thread\.cgroup)/, 40],
];
const LOOK_UP = 10;
/** Transformers run code of their own on top of their field. */
const TRANSFORMED = 80;

const byName = new Map<string, number>();

/** What it costs to know an operand's value, for putting cheap tests first. */
export function readCost({ field }: Operand): number {
  if (!field) return TRANSFORMED;
  let cost = byName.get(field.name);
  if (cost === undefined) {
    cost = COSTS.find(([pattern]) => pattern.test(field.name))?.[1] ?? LOOK_UP;
    byName.set(field.name, cost);
  }
  return cost;
}
