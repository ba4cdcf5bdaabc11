import { type Label, R0, R1 } from "./assembler.ts";
import { type Condition, emitCondition, type TextPlace, withoutTexts } from "./call-condition.ts";
import type { Emitter, Value } from "./emitter.ts";
import { fileOf } from "./file-values.ts";
import { AF, sockOf } from "./socket-writers.ts";
import { arg, member, result } from "./values.ts";

const IPPROTO_TCP = 6;

/** Errors that a filter may tell apart; a result below −LAST_ERRNO always passes. */
export const LAST_ERRNO = 531;

/** Values of an event's parameter, as it is recorded, with which the call passes. */
export interface ParameterFilter {
  readonly name: string;
  /** A value with other bits than these passes. */
  readonly domain: number;
  /** Those that pass, or else bits of which one has to be set. */
  readonly values?: readonly number[];
  readonly anyOf?: number;
}

/** Calls of which a condition has to hold to be recorded. */
export interface WantedCalls {
  readonly condition: Condition;
  /** Failed ones, or all of them; others pass. */
  readonly of: "failed" | "all";
  /** Errors (positive numbers) with which a failed call passes whatever the condition. */
  readonly butErrors: readonly number[];
}

/** What of a call is recorded. What a filter doesn't mention passes. */
export interface CallFilter {
  /** Errors (positive numbers) with which a failed call passes; others up to LAST_ERRNO are not recorded. All pass when absent. */
  readonly failures?: readonly number[];
  /** Values of an argument, its low 32 bits, with which the call passes. */
  readonly only?: { readonly argument: number; readonly values: readonly number[] };
  /** Each has to pass. */
  readonly parameters?: readonly ParameterFilter[];
  readonly wanted?: WantedCalls;
  /** Leaves out calls on TCP sockets, whose ends are known from connecting; the descriptor is the first argument. */
  readonly exceptTcp?: true;
  /** Follows what the calls that pass make of descriptors: conditions on kinds ask for it. */
  readonly follows?: true;
}

/** Whether a failed call is of no interest whatever its error: the dispatcher then leaves at once. */
export const dropsFailures = ({ failures }: CallFilter): boolean => failures?.length === 0;

/**
 * Leaves the program where the filter says so; nothing has been done for the record by then. `parameter` gives a parameter's value
 * as it will be recorded.
 */
export function emitFilter(
  k: Emitter,
  { failures, only, parameters, exceptTcp, wanted }: CallFilter,
  parameter: (name: string) => Value,
): void {
  const { asm } = k;
  if (exceptTcp) dropTcp(k);
  if (only) allow(k, arg(only.argument), only.values);
  for (const filter of parameters ?? []) allowParameter(k, parameter(filter.name), filter);
  if (failures) {
    const pass = asm.label("passes");
    unlessFailed(k, failures, pass);
    asm.goto(k.drop);
    asm.place(pass);
  }
  if (!wanted) return;
  const condition = withoutTexts(wanted.condition);
  if (condition) allowWanted(k, { ...wanted, condition }, parameter, new Map());
}

/** Goes to `pass` unless the call failed with another error than these. */
function unlessFailed(k: Emitter, errors: readonly number[], pass: Label): void {
  const { asm } = k;
  result(k);
  asm.jump("sge", R0, 0, pass);
  asm.jump("slt", R0, -LAST_ERRNO, pass);
  for (const errno of errors) asm.jump("eq", R0, -errno, pass);
}

/** Leaves the program where the call is not wanted. `texts`: those that have been written to the record. */
export function allowWanted(
  k: Emitter,
  { condition, of, butErrors }: WantedCalls,
  parameter: (name: string) => Value,
  texts: ReadonlyMap<string, TextPlace>,
): void {
  const pass = k.asm.label("wanted call");
  if (of === "failed") unlessFailed(k, butErrors, pass);
  emitCondition(k, condition, { yes: pass, no: k.drop, parameter, texts });
  k.asm.place(pass);
}

function allow(k: Emitter, value: Value, values: readonly number[]): void {
  const { asm } = k;
  const pass = asm.label("wanted value");
  value(k);
  for (const one of values) asm.jump32("eq", R0, one, pass);
  asm.goto(k.drop);
  asm.place(pass);
}

function allowParameter(k: Emitter, value: Value, { domain, values, anyOf = 0 }: ParameterFilter): void {
  const { asm } = k;
  const pass = asm.label("wanted parameter");
  value(k);
  asm.mov(R1, R0);
  asm.alu32("and", R1, ~domain);
  asm.jump("ne", R1, 0, pass);
  if (values) for (const one of values) asm.jump32("eq", R0, one, pass);
  else asm.jump32("set", R0, anyOf, pass);
  asm.goto(k.drop);
  asm.place(pass);
}

function dropTcp(k: Emitter): void {
  const { asm } = k;
  const pass = asm.label("not TCP");
  const inet = asm.label("inet");
  k.cells(1, (sock) => {
    sock.keep(k, sockOf(fileOf(arg(0))));
    asm.jump("eq", R0, 0, pass);
    member(sock.value, "sock", "__sk_common.skc_family")(k);
    asm.jump("eq", R0, AF.inet, inet);
    asm.jump("ne", R0, AF.inet6, pass);
    asm.place(inet);
    member(sock.value, "sock", "sk_protocol")(k);
    asm.jump("eq", R0, IPPROTO_TCP, k.drop);
    asm.place(pass);
  });
}
