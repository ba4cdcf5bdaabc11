import { R0 } from "./assembler.ts";
import type { Emitter, Value } from "./emitter.ts";
import { arg, result } from "./values.ts";

/** Errors that a filter may tell apart; a result below −LAST_ERRNO always passes. */
export const LAST_ERRNO = 531;

/** What of a call is recorded. What a filter doesn't mention passes. */
export interface CallFilter {
  /** Errors (positive numbers) with which a failed call passes; others up to LAST_ERRNO are not recorded. All pass when absent. */
  readonly failures?: readonly number[];
  /** Values of an argument, its low 32 bits, with which the call passes. */
  readonly only?: { readonly argument: number; readonly values: readonly number[] };
}

/** Whether a failed call is of no interest whatever its error: the dispatcher then leaves at once. */
export const dropsFailures = ({ failures }: CallFilter): boolean => failures?.length === 0;

/** Leaves the program where the filter says so; nothing has been done for the record by then. */
export function emitFilter(k: Emitter, { failures, only }: CallFilter): void {
  const { asm } = k;
  if (only) allow(k, arg(only.argument), only.values);
  if (!failures) return;
  const pass = asm.label("passes");
  result(k);
  asm.jump("sge", R0, 0, pass);
  asm.jump("slt", R0, -LAST_ERRNO, pass);
  for (const errno of failures) asm.jump("eq", R0, -errno, pass);
  asm.goto(k.drop);
  asm.place(pass);
}

function allow(k: Emitter, value: Value, values: readonly number[]): void {
  const { asm } = k;
  const pass = asm.label("wanted value");
  value(k);
  for (const one of values) asm.jump32("eq", R0, one, pass);
  asm.goto(k.drop);
  asm.place(pass);
}
