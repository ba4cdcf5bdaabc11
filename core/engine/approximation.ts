import type { Condition, Group } from "../capture/ebpf/call-condition.ts";
import type { BoundNode, TestNode } from "../rules/check/bind.ts";

/** Known for sure, or not known without what only the event holds. */
export type Verdict = boolean | undefined;

/** What can be told of a rule's condition: what it comes to, or what has to hold for it to be true. */
export type Approximation = boolean | Condition;

/**
 * What has to hold for a condition to be true (or false, if `negated`) when only some of its tests can be told from something else: `leaf` says
 * what has to hold for a test to pass (or to fail, if negated), and true where it can't say.
 */
export function approximate(
  node: BoundNode,
  leaf: (test: TestNode, negated: boolean) => Approximation,
  negated = false,
): Approximation {
  switch (node.kind) {
    case "not":
      return approximate(node.child, leaf, !negated);
    case "and":
    case "or": {
      const kind = (node.kind === "and") === negated ? "any" : "all";
      return join(kind, node.children, (child) => approximate(child, leaf, negated));
    }
    case "test":
      return leaf(node, negated);
    default:
      return true;
  }
}

/** What all, or any, of the parts come to. */
export function join<T>(
  kind: Group["kind"],
  parts: readonly T[],
  each: (part: T) => Approximation,
): Approximation {
  const decisive = kind === "any";
  let open: Map<string, Condition> | undefined;
  for (const part of parts) {
    const one = each(part);
    if (one === decisive) return decisive;
    if (typeof one === "boolean") continue;
    open ??= new Map();
    for (const condition of one.kind === kind ? one.parts : [one])
      open.set(JSON.stringify(condition), condition);
  }
  if (!open) return !decisive;
  const conditions = [...open.values()];
  return conditions.length === 1 ? conditions[0]! : { kind, parts: conditions };
}

/** Whether a condition may be true when only some of its tests can be decided: those that `answer` knows. */
export function mayHold(node: BoundNode, answer: (test: TestNode) => Verdict): boolean {
  const leaf = (test: TestNode, negated: boolean): boolean => {
    const known = answer(test);
    return known === undefined || known !== negated;
  };
  return approximate(node, leaf) !== false;
}
