import type { Operand } from "../check/operand.ts";
import type { Estimates } from "./estimates.ts";
import type { Expr } from "./node.ts";

/** What still has to hold for a rule. */
export interface Pending {
  readonly index: number;
  readonly conditions: ReadonlySet<Expr>;
}

/** A decision: rules that need nothing more, then branches, each guarded by a test they share. */
export interface Plan {
  readonly hits: readonly number[];
  readonly branches: readonly Branch[];
  /** How many tests and hits it holds, for cutting code into functions. */
  readonly weight: number;
}

export type Branch =
  | { readonly kind: "if"; readonly tests: readonly Expr[]; readonly body: Plan }
  | {
      readonly kind: "switch";
      readonly operand: Operand;
      /** Index of the plan for each value of the operand. */
      readonly cases: ReadonlyMap<string | number, number>;
      readonly plans: readonly Plan[];
    };

/** So many different equality tests of one operand are worth a table look-up. */
const MIN_SWITCH = 4;
/** A table whose values each need a plan of their own must not multiply the code. */
const MAX_CASES = 2000;

/** Nanoseconds of a branch that is always there. */
const BRANCH_COST = 3;

interface Equality {
  readonly expr: Expr;
  readonly operand: Operand;
  readonly values: readonly (string | number)[];
}

function equality(expr: Expr): Equality | undefined {
  const leaf = expr.leaf;
  if (leaf?.kind !== "test" || leaf.quantifier !== "one" || !leaf.test.equals) return undefined;
  return { expr, operand: leaf.operand, values: leaf.test.equals };
}

/** The condition that ends most rules for its cost. */
function mostShared(rules: readonly Pending[], estimates: Estimates): { expr: Expr; count: number } {
  const counts = new Map<Expr, number>();
  for (const rule of rules) for (const expr of rule.conditions) counts.set(expr, (counts.get(expr) ?? 0) + 1);
  let best: Expr | undefined;
  let bestGain = -1;
  for (const [expr, count] of counts) {
    const gain = estimates.gain(expr, count, BRANCH_COST);
    if (gain > bestGain) [best, bestGain] = [expr, gain];
  }
  return { expr: best!, count: counts.get(best!)! };
}

interface Table {
  readonly operand: Operand;
  readonly rules: readonly Pending[];
  readonly equalities: ReadonlyMap<Pending, Equality>;
}

/** The operand whose equality tests tell most rules apart. */
function bestTable(rules: readonly Pending[]): Table | undefined {
  const byOperand = new Map<string, Map<Pending, Equality>>();
  for (const rule of rules) {
    for (const expr of rule.conditions) {
      const found = equality(expr);
      if (!found) continue;
      const { key } = found.operand;
      const table = byOperand.get(key) ?? new Map<Pending, Equality>();
      byOperand.set(key, table);
      const earlier = table.get(rule);
      if (!earlier || earlier.values.length > found.values.length) table.set(rule, found);
    }
  }
  let best: Table | undefined;
  for (const equalities of byOperand.values()) {
    const distinct = new Set([...equalities.values()].map((e) => e.expr)).size;
    if (distinct < MIN_SWITCH || equalities.size <= (best?.rules.length ?? 0)) continue;
    const [first] = equalities.values();
    best = { operand: first!.operand, rules: [...equalities.keys()], equalities };
  }
  return best;
}

const without = (rule: Pending, done: Iterable<Expr>): Pending => {
  const conditions = new Set(rule.conditions);
  for (const expr of done) conditions.delete(expr);
  return { index: rule.index, conditions };
};

function switchBranch({ operand, rules, equalities }: Table, estimates: Estimates): Branch | undefined {
  const byValue = new Map<string | number, Pending[]>();
  for (const rule of rules) {
    for (const value of equalities.get(rule)!.values) {
      const list = byValue.get(value);
      if (list) list.push(rule);
      else byValue.set(value, [rule]);
    }
  }
  const numbers = new Map<string, number>();
  const groups: Pending[][] = [];
  const cases = new Map<string | number, number>();
  let total = 0;
  for (const [value, group] of byValue) {
    const key = group.map((rule) => rule.index).join(",");
    let number = numbers.get(key);
    if (number === undefined) {
      number = groups.push(group) - 1;
      numbers.set(key, number);
      total += group.length;
    }
    cases.set(value, number);
  }
  if (total > MAX_CASES && total > 2 * rules.length) return undefined;
  const plans = groups.map((group) =>
    plan(
      group.map((rule) => without(rule, [equalities.get(rule)!.expr])),
      estimates,
    ),
  );
  return { kind: "switch", operand, cases, plans };
}

/** A condition that every one of the rules still has. */
function commonTo(rules: readonly Pending[]): Expr | undefined {
  const [first, ...others] = rules;
  for (const expr of first!.conditions) if (others.every((rule) => rule.conditions.has(expr))) return expr;
  return undefined;
}

function ifBranch(rules: readonly Pending[], expr: Expr, estimates: Estimates): Branch {
  const tests = [expr];
  let inner = rules.map((rule) => without(rule, tests));
  // What all of them share besides becomes part of the same guard.
  for (;;) {
    const next = inner[0]!.conditions.size > 0 ? commonTo(inner) : undefined;
    if (!next) break;
    tests.push(next);
    inner = inner.map((rule) => without(rule, [next]));
  }
  tests.sort((a, b) => estimates.price(a, "and") - estimates.price(b, "and"));
  return { kind: "if", tests, body: plan(inner, estimates) };
}

const branchWeight = (branch: Branch): number =>
  branch.kind === "if"
    ? branch.tests.length + branch.body.weight
    : branch.plans.reduce((sum, p) => sum + p.weight, 2);

/**
 * Orders the tests of many rules so that a test they share is made once, and rules told apart by the value
 * of one operand are found by a look-up: the cost of an event does not grow with the number of rules.
 */
export function plan(rules: readonly Pending[], estimates: Estimates): Plan {
  const hits = rules.filter((rule) => rule.conditions.size === 0).map((rule) => rule.index);
  let open = rules.filter((rule) => rule.conditions.size > 0);
  const branches: Branch[] = [];
  while (open.length > 0) {
    const shared = mostShared(open, estimates);
    const table = open.length >= MIN_SWITCH ? bestTable(open) : undefined;
    const branch = table && table.rules.length > shared.count ? switchBranch(table, estimates) : undefined;
    if (branch) {
      const taken = new Set(table!.rules);
      branches.push(branch);
      open = open.filter((rule) => !taken.has(rule));
      continue;
    }
    const taken = open.filter((rule) => rule.conditions.has(shared.expr));
    branches.push(ifBranch(taken, shared.expr, estimates));
    open = open.filter((rule) => !rule.conditions.has(shared.expr));
  }
  const weight = branches.reduce((sum, branch) => sum + branchWeight(branch), hits.length);
  return { hits, branches, weight };
}
