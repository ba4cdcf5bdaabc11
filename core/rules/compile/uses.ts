import type { Estimates } from "./estimates.ts";
import type { Expr } from "./node.ts";
import type { Plan } from "./plan.ts";

/** Expressions this costly are remembered when several rules need them. */
const MEMO_COST = 10;

export const isCostly = (node: Expr, estimates: Estimates): boolean => estimates.cost(node) >= MEMO_COST;

/** How often each expression occurs in the code of a plan. */
export function countUses(root: Plan, estimates: Estimates): ReadonlyMap<Expr, number> {
  const uses = new Map<Expr, number>();
  const visit = (node: Expr): void => {
    const count = (uses.get(node) ?? 0) + 1;
    uses.set(node, count);
    // A remembered expression evaluates its parts in one place only.
    if (count === 1 || !isCostly(node, estimates)) node.children.forEach(visit);
  };
  const walk = (plan: Plan): void => {
    for (const branch of plan.branches) {
      if (branch.kind === "if") {
        branch.tests.forEach(visit);
        walk(branch.body);
      } else branch.plans.forEach(walk);
    }
  };
  walk(root);
  return uses;
}
