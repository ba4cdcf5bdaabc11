// hot path
import type { Context } from "../../fields/field.ts";
import type { PairNode, TestNode } from "../check/bind.ts";
import type { Operand, Value } from "../check/operand.ts";
import { compareValues, type Scalar } from "../check/test.ts";

/** Whether a check looks at all values that its field may mean instead of at the field's one value. */
export const usesCandidates = ({ operand, quantifier }: TestNode): boolean =>
  quantifier !== "one" && !operand.list;

/** Reads an operand for a check: its value, or the candidates. */
export const readerOf = (
  { read, arg, field }: Operand,
  candidates: boolean,
): ((context: Context) => Value) =>
  candidates ? (context) => field!.anyOf!(context, arg) : (context) => read(context, arg);

/** A check as a function of what its reader yields. */
export function valueTest(node: TestNode): (value: Value) => boolean {
  const { quantifier, test } = node;
  const { passes } = test;
  if (quantifier === "one") return (value) => value !== undefined && passes(value as Scalar);
  if (quantifier === "some") return (value) => someOf(value, passes);
  return usesCandidates(node)
    ? (value) => candidateEveryOf(value, passes)
    : (value) => everyOf(value, passes);
}

// What generated code calls for values that are lists: no closures, no iterators, nothing made.

/** Whether some present value passes. */
export const someOf = (values: Value, passes: (value: Scalar) => boolean): boolean => {
  if (!Array.isArray(values)) return false;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as Scalar | undefined;
    if (value !== undefined && passes(value)) return true;
  }
  return false;
};

/** Whether all values pass; there may be none. */
export const everyOf = (values: Value, passes: (value: Scalar) => boolean): boolean => {
  if (!Array.isArray(values)) return false;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as Scalar | undefined;
    if (value === undefined || !passes(value)) return false;
  }
  return true;
};

/** Whether there are values and all of them pass. */
export const candidateEveryOf = (values: Value, passes: (value: Scalar) => boolean): boolean =>
  Array.isArray(values) && values.length > 0 && everyOf(values, passes);

/** Field to field: scalars by value; lists by membership in the other list. */
export function pairTest({ left, operator }: PairNode): (left: Value, right: Value) => boolean {
  const { type } = left;
  if (!left.list) {
    return (a, b) =>
      a !== undefined && b !== undefined && compareValues(type, operator, a as Scalar, b as Scalar);
  }
  return (a, b) => {
    if (!Array.isArray(a) || !Array.isArray(b)) return false;
    const known = (value: Scalar): boolean =>
      b.some((other) => compareValues(type, "=", value, other as Scalar));
    return operator === "in" ? everyOf(a, known) : someOf(a, known);
  };
}
