import type { EventCursor } from "../event/cursor.ts";
import type { ParamType, PrintFormat } from "../schema/event-row.ts";
import type { State } from "../state/state.ts";

/**
 * What a reader returns. Text is a string; whole numbers are numbers, bigint beyond 2^53; addresses are their
 * 4 or 16 bytes; bytes are a view that is valid during the event. `undefined` means the field has no value.
 */
export type FieldRead = string | number | bigint | boolean | Uint8Array | undefined;

const LARGEST = BigInt(Number.MAX_SAFE_INTEGER);

/** A whole number as readers return it: comparisons rely on equal numbers being equal values. */
export const whole = (value: bigint): number | bigint =>
  value <= LARGEST && value >= -LARGEST ? Number(value) : value;

/** The argument in brackets or behind a dot: `proc.aname[2]`, `evt.arg.flags`. */
export interface FieldArg {
  readonly text: string;
  /** The argument as a whole number, when it is one. */
  readonly index: number | undefined;
}

/** Everything a reader can see: the event and what is known at its time. */
export interface Context {
  readonly event: EventCursor;
  readonly state: State;
}

export type Reader<T> = (context: Context, arg: FieldArg | undefined) => T;

/**
 * A text that events have again and again and that alone decides the values of several fields, such as the name of a
 * file: what conditions on these fields come to needs to be worked out only once per text.
 */
export interface Subject {
  /** Equal texts of one event type decide the same only if they are of the same variant, numbered from 0. */
  readonly variants: number;
  /** The event's text; undefined when it has none, or one that decides nothing. */
  readonly text: (context: Context) => string | undefined;
  /** The variant of the text that was read last. */
  readonly variant: () => number;
}

export interface FieldTraits {
  readonly arg?: "required" | "optional";
  /** Which forms of argument are taken; none listed means free text. */
  readonly argKind?: readonly ("INDEX" | "KEY")[];
  /** Says what is wrong with an argument, or nothing. Runs when a rule is loaded. */
  readonly checkArg?: (arg: FieldArg) => string | undefined;
  readonly list?: boolean;
  readonly format?: PrintFormat;
  /** Usable in conditions only. */
  readonly filterOnly?: boolean;
  /** Usable in outputs only. */
  readonly printOnly?: boolean;
  /** Accepted, but not listed. */
  readonly hidden?: boolean;
  readonly deprecated?: boolean;
  /** Rules' outputs should show it (`suggested_output`). */
  readonly suggested?: boolean;
  /** Not usable on the right-hand side (`val(...)`). */
  readonly noRhs?: boolean;
  readonly noTransformers?: boolean;
  /**
   * In conditions that use the field without an argument: all values of which any may satisfy the comparison
   * (`fd.ip`, `proc.aname`). With an argument, and in outputs, the plain reader serves.
   */
  readonly anyOf?: Reader<readonly FieldRead[]>;
  /** What `exists` asks of the field without an argument, where that is not whether reading gives a value. */
  readonly present?: Reader<boolean>;
  /** With `anyOf`: `!=` holds only if all values differ (the ends of a connection), not if one does. */
  readonly unequalMeansAll?: boolean;
  /** What decides the field's value for events of one type. */
  readonly decidedBy?: Subject;
  /** The argument may follow a dot: `evt.arg.flags` as well as `evt.arg[flags]`. */
  readonly dotArg?: boolean;
  /** What text output shows, where that is not the value as its type and format print it. */
  readonly text?: Reader<string | undefined>;
  /** Makes the reader of one place in the text of an output, for values that depend on when that place was last printed. */
  readonly perPlace?: () => Reader<FieldRead>;
  /** What JSON output shows, where it differs from the text. */
  readonly json?: Reader<FieldRead>;
  /**
   * The type depends on the argument (`evt.rawarg.uid`): what a condition parses its right-hand side as. Events
   * whose parameter of that name has another type are compared by their own value.
   */
  readonly typeOf?: (arg: FieldArg) => { readonly type: ParamType; readonly format: PrintFormat };
}

/** A field of conditions and outputs: one object with its type, its help and its reader. */
export interface Field extends FieldTraits {
  readonly name: string;
  readonly type: ParamType;
  readonly description: string;
  readonly read: Reader<FieldRead | readonly FieldRead[]>;
}

/** Declares a field; `name` is completed with its class's prefix by `fieldClass`. */
export function field(
  type: ParamType,
  description: string,
  read: Field["read"],
  traits: FieldTraits = {},
): Omit<Field, "name"> {
  return { type, description, read, ...traits };
}

/** Fields by full name, in the order they are listed. */
export type Declared = Readonly<Record<string, Omit<Field, "name">>>;

export interface FieldClass {
  readonly name: string;
  /** Tells classes of the same name apart. */
  readonly shortDescription?: string;
  readonly description: string;
  /** Event sources that have these fields; empty means every source. */
  readonly sources: readonly string[];
  readonly fields: readonly Field[];
}

/** A class of fields that one file declares; keys are full names (`proc.name`). */
export function fieldClass(
  name: string,
  description: string,
  sources: readonly string[],
  fields: Declared,
): FieldClass {
  return {
    name,
    description,
    sources,
    fields: Object.entries(fields).map(([fieldName, declared]) => ({ ...declared, name: fieldName })),
  };
}

/** Where rules and outputs look names up. */
export interface FieldRegistry {
  /** The field by full name without argument, as seen by rules of the event source. */
  find(source: string, name: string): Field | undefined;
  /** Every name an event source has, for suggestions. */
  names(source: string): readonly string[];
  /** Event sources known. */
  readonly sources: readonly string[];
}
