import { isSeldom } from "../../ffi/seldom.ts";
import type { ConditionNode, FieldNode, OperandNode, TransformNode } from "./ast.ts";

/** What a condition should not contain. */
export interface Lint {
  /** Deprecated fields it uses on a left side. */
  readonly deprecated: ReadonlySet<string>;
  /** Whether it compares a field of JSON events with the text `<NA>`. */
  readonly unsafeNa: boolean;
}

const EQUALITY = new Set(["=", "==", "!=", "in", "intersects", "pmatch"]);
const cache = new WeakMap<ConditionNode, Lint>();

function fieldsOf(node: OperandNode): FieldNode[] {
  if (node.kind === "field") return [node];
  if (node.kind === "transform") return node.args.flatMap(fieldsOf);
  return node.kind === "operands" ? node.items.flatMap(fieldsOf) : [];
}

const leftOf = (node: FieldNode | TransformNode): string[] => fieldsOf(node).map((field) => field.name);

/** Collects them from a resolved condition; `isDeprecated` knows the fields. Subtrees are looked at once. */
export function lintCondition(node: ConditionNode, isDeprecated: (field: string) => boolean): Lint {
  const known = cache.get(node);
  if (known) return known;
  const deprecated = new Set<string>();
  let unsafeNa = false;
  if (node.kind === "exists" || node.kind === "check") {
    const fields = leftOf(node.left);
    for (const field of fields) if (isDeprecated(field)) deprecated.add(field);
    if (node.kind === "check" && !node.modifier && EQUALITY.has(node.op) && node.right.kind !== "transform") {
      const values = node.right.kind === "list" ? node.right.values : [node.right];
      unsafeNa = /^(?:ka|jevt)\./.test(fields.at(-1) ?? "") && values.some((v) => v.text === "<NA>");
    }
  } else if (node.kind !== "macro") {
    for (const child of node.kind === "not" ? [node.child] : node.children) {
      const inner = lintCondition(child, isDeprecated);
      for (const field of inner.deprecated) deprecated.add(field);
      unsafeNa ||= inner.unsafeNa;
    }
  }
  const lint = { deprecated, unsafeNa };
  cache.set(node, lint);
  return lint;
}

isSeldom(lintCondition);
