import type { Operand } from "../check/operand.ts";
import type { Estimates } from "./estimates.ts";
import type { Expr } from "./node.ts";

/** What has to hold for a rule. */
export interface Pending {
  readonly index: number;
  readonly conditions: ReadonlySet<Expr>;
}

/** A decision: rules that need nothing more, then branches, each guarded by a test they share. */
export interface Plan {
  readonly hits: readonly number[];
  readonly branches: readonly Branch[];
  /** How many leaves of tests and how many hits it holds, for cutting code into functions. */
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
/** Beyond so many rules, what only one of them tests is left for last: planning has to stay quick. */
const MANY_RULES = 300;
/** Nanoseconds of a branch that is always there. */
const BRANCH_COST = 3;

/** Rules that have the same conditions in common with others, each with those it has alone. */
interface Group {
  readonly shared: ReadonlySet<Expr>;
  readonly rules: readonly { readonly index: number; readonly own: readonly Expr[] }[];
}

interface Equality {
  readonly expr: Expr;
  readonly operand: Operand;
  readonly values: readonly (string | number)[];
}

/** Something with conditions that a table can tell apart. */
interface Choice<T> {
  readonly item: T;
  readonly conditions: Iterable<Expr>;
}

function equality(expr: Expr): Equality | undefined {
  const leaf = expr.leaf;
  if (leaf?.kind !== "test" || leaf.quantifier !== "one" || !leaf.test.equals) return undefined;
  return { expr, operand: leaf.operand, values: leaf.test.equals };
}

interface Table<T> {
  readonly operand: Operand;
  readonly equalities: ReadonlyMap<T, Equality>;
}

/** The operand whose equality tests tell most choices apart. */
function bestTable<T>(choices: readonly Choice<T>[]): Table<T> | undefined {
  if (choices.length < MIN_SWITCH) return undefined;
  const byOperand = new Map<string, Map<T, Equality>>();
  for (const { item, conditions } of choices) {
    for (const expr of conditions) {
      const found = equality(expr);
      if (!found) continue;
      const { key } = found.operand;
      const table = byOperand.get(key) ?? new Map<T, Equality>();
      byOperand.set(key, table);
      const earlier = table.get(item);
      if (!earlier || earlier.values.length > found.values.length) table.set(item, found);
    }
  }
  let best: Table<T> | undefined;
  for (const equalities of byOperand.values()) {
    const distinct = new Set([...equalities.values()].map((e) => e.expr)).size;
    if (distinct < MIN_SWITCH || equalities.size <= (best?.equalities.size ?? 0)) continue;
    const [first] = equalities.values();
    best = { operand: first!.operand, equalities };
  }
  return best;
}

/** A look-up by the operand's value; nothing when it would multiply the code. */
function switchBranch<T>(
  { operand, equalities }: Table<T>,
  planFor: (choices: readonly (readonly [T, Expr])[]) => Plan,
): Branch | undefined {
  const order = new Map([...equalities.keys()].map((item, i) => [item, i]));
  const byValue = new Map<string | number, T[]>();
  for (const [item, { values }] of equalities) {
    for (const value of values) {
      const list = byValue.get(value);
      if (list) list.push(item);
      else byValue.set(value, [item]);
    }
  }
  const numbers = new Map<string, number>();
  const groups: T[][] = [];
  const cases = new Map<string | number, number>();
  let total = 0;
  for (const [value, items] of byValue) {
    const key = items.map((item) => order.get(item)).join(",");
    let number = numbers.get(key);
    if (number === undefined) {
      number = groups.push(items) - 1;
      numbers.set(key, number);
      total += items.length;
    }
    cases.set(value, number);
  }
  if (total > MAX_CASES && total > 2 * equalities.size) return undefined;
  const plans = groups.map((items) =>
    planFor(items.map((item) => [item, equalities.get(item)!.expr] as const)),
  );
  return { kind: "switch", operand, cases, plans };
}

/** Leaves of tests that all have to hold. */
export const sizeOf = (tests: readonly Expr[]): number => tests.reduce((sum, { size }) => sum + size, 0);

const weightOf = (branch: Branch): number =>
  branch.kind === "if"
    ? sizeOf(branch.tests) + branch.body.weight
    : branch.plans.reduce((sum, p) => sum + p.weight, 2);

const planOf = (hits: readonly number[], branches: readonly Branch[]): Plan => ({
  hits,
  branches,
  weight: branches.reduce((sum, branch) => sum + weightOf(branch), hits.length),
});

class Planner {
  readonly #estimates: Estimates;

  constructor(estimates: Estimates) {
    this.#estimates = estimates;
  }

  /** Rules that share nothing more: told apart by a table where there is one, else each by its own tests. */
  tails(rules: Group["rules"]): Plan {
    const hits = rules.filter((rule) => rule.own.length === 0).map((rule) => rule.index);
    let open = rules.filter((rule) => rule.own.length > 0);
    const branches: Branch[] = [];
    const table = bestTable(open.map((rule) => ({ item: rule, conditions: rule.own })));
    const branch =
      table &&
      switchBranch(table, (chosen) =>
        this.tails(
          chosen.map(([{ index, own }, done]) => ({ index, own: own.filter((expr) => expr !== done) })),
        ),
      );
    if (branch) {
      branches.push(branch);
      open = open.filter((rule) => !table.equalities.has(rule));
    }
    for (const { index, own } of open) {
      branches.push({ kind: "if", tests: this.#estimates.byPrice(own), body: planOf([index], []) });
    }
    return planOf(hits, branches);
  }

  /** The condition that ends most rules for its cost. */
  #mostShared(groups: readonly Group[]): { expr: Expr; groups: number } {
    const rules = new Map<Expr, number>();
    const counts = new Map<Expr, number>();
    for (const group of groups) {
      for (const expr of group.shared) {
        rules.set(expr, (rules.get(expr) ?? 0) + group.rules.length);
        counts.set(expr, (counts.get(expr) ?? 0) + 1);
      }
    }
    let best: Expr | undefined;
    let bestGain = -1;
    for (const [expr, count] of rules) {
      const gain = this.#estimates.gain(expr, count, BRANCH_COST);
      if (gain > bestGain) [best, bestGain] = [expr, gain];
    }
    return { expr: best!, groups: counts.get(best!)! };
  }

  /** One test, and all others that the same groups have in common, around what is left of them. */
  #ifBranch(groups: readonly Group[], expr: Expr): Branch {
    const [first, ...others] = groups;
    const common = [...first!.shared].filter((e) => others.every((group) => group.shared.has(e)));
    const tests = this.#estimates.byPrice(new Set([expr, ...common]));
    return { kind: "if", tests, body: this.plan(groups.map((group) => without(group, tests))) };
  }

  plan(groups: readonly Group[]): Plan {
    const done = this.tails(
      groups.filter((group) => group.shared.size === 0).flatMap((group) => group.rules),
    );
    const branches: Branch[] = [...done.branches];
    let open = groups.filter((group) => group.shared.size > 0);
    while (open.length > 0) {
      const most = this.#mostShared(open);
      const table = bestTable(open.map((group) => ({ item: group, conditions: group.shared })));
      const branch =
        table && table.equalities.size > most.groups
          ? switchBranch(table, (chosen) => this.plan(chosen.map(([group, expr]) => without(group, [expr]))))
          : undefined;
      if (branch) {
        branches.push(branch);
        open = open.filter((group) => !table!.equalities.has(group));
        continue;
      }
      branches.push(
        this.#ifBranch(
          open.filter((group) => group.shared.has(most.expr)),
          most.expr,
        ),
      );
      open = open.filter((group) => !group.shared.has(most.expr));
    }
    return planOf(done.hits, branches);
  }
}

function without(group: Group, done: Iterable<Expr>): Group {
  const shared = new Set(group.shared);
  for (const expr of done) shared.delete(expr);
  return { shared, rules: group.rules };
}

/** Where rules are many, puts those together that differ only in conditions no other rule has. */
function grouped(rules: readonly Pending[]): Group[] {
  if (rules.length <= MANY_RULES) {
    return rules.map(({ index, conditions }) => ({ shared: conditions, rules: [{ index, own: [] }] }));
  }
  const counts = new Map<Expr, number>();
  for (const { conditions } of rules) {
    for (const expr of conditions) counts.set(expr, (counts.get(expr) ?? 0) + 1);
  }
  const groups = new Map<string, { shared: Set<Expr>; rules: { index: number; own: readonly Expr[] }[] }>();
  for (const { index, conditions } of rules) {
    const all = [...conditions];
    const shared = all.filter((expr) => counts.get(expr)! > 1);
    const own = all.filter((expr) => counts.get(expr) === 1);
    const key = shared
      .map((expr) => expr.id)
      .sort((a, b) => a - b)
      .join();
    const group = groups.get(key);
    if (group) group.rules.push({ index, own });
    else groups.set(key, { shared: new Set(shared), rules: [{ index, own }] });
  }
  return [...groups.values()];
}

/**
 * Orders the tests of many rules so that a test they share is made once, and rules told apart by the value
 * of one operand are found by a look-up: the cost of an event does not grow with the number of rules.
 */
export const plan = (rules: readonly Pending[], estimates: Estimates): Plan =>
  new Planner(estimates).plan(grouped(rules));
