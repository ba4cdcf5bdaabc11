// hot path
import type { PairNode } from "../check/bind.ts";
import type { Value } from "../check/operand.ts";
import { compareValues, type Scalar } from "../check/test.ts";

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
