import { type Label, R0, R1, R2, R3, R4, R9 } from "./assembler.ts";
import type { Emitter, Value } from "./emitter.ts";
import { type DescriptorAtom, emitDescriptor } from "./fd-facts.ts";
import { PLACE, PLACES } from "./group-places.ts";
import { emitPath, type PathAtom } from "./path-condition.ts";
import { currentTid, FACTS, loadFacts, unlessKnown } from "./thread-facts.ts";

/** Users whose number lies in one of the ranges, ends included; or those of none. */
export interface UserAtom {
  readonly kind: "user";
  readonly ranges: readonly (readonly [from: number, to: number])[];
  readonly negated: boolean;
}

/** Programs of one of these names (of printable ASCII, at most 15), or whose name starts like that; or those of none. */
export interface ProgramAtom {
  readonly kind: "program";
  readonly names: readonly string[];
  readonly prefixes: readonly string[];
  readonly negated: boolean;
}

/** What runs in no container, or what does. */
export interface PlaceAtom {
  readonly kind: "place";
  readonly host: boolean;
  readonly negated: false;
}

/** Something that can be told in the kernel of a call. Where it can't after all, the call passes. */
export type Atom = UserAtom | ProgramAtom | PlaceAtom | DescriptorAtom | PathAtom;

export interface Group {
  readonly kind: "all" | "any";
  readonly parts: readonly Condition[];
}

/** What has to hold of a call that is to pass. */
export type Condition = Atom | Group;

export const isGroup = (condition: Condition): condition is Group =>
  condition.kind === "all" || condition.kind === "any";

/** All atoms of a condition. */
export function atomsOf(condition: Condition): readonly Atom[] {
  return isGroup(condition) ? condition.parts.flatMap(atomsOf) : [condition];
}

/** Names of the parameters whose texts a condition looks at. */
export function textsOf(condition: Condition): readonly string[] {
  const names = atomsOf(condition).flatMap((atom) => (atom.kind === "path" ? [atom.parameter] : []));
  return [...new Set(names)];
}

/** What of a condition can be told before the record is made: without what it says of texts. Undefined where that is nothing. */
export function withoutTexts(condition: Condition): Condition | undefined {
  if (!isGroup(condition)) return condition.kind === "path" ? undefined : condition;
  const { kind } = condition;
  const parts = condition.parts.map(withoutTexts);
  const known = parts.filter((part) => part !== undefined);
  if (known.length === 0 || (kind === "any" && known.length < parts.length)) return undefined;
  return known.length === 1 ? known[0] : { kind, parts: known };
}

/** Where a text of the record is found. */
export interface TextPlace {
  /** Number among those kept. */
  readonly index: number;
  /** Offset of its length in the scratch area. */
  readonly lengthAt: number;
}

export interface Outcome {
  /** Where to go when the condition holds or can't be told. */
  readonly yes: Label;
  readonly no: Label;
  /** A parameter's value as it will be recorded. */
  readonly parameter: (name: string) => Value;
  /** Where the texts are by now. */
  readonly texts: ReadonlyMap<string, TextPlace>;
}

/** Goes to `yes` where the condition holds or can't be told, and to `no` where it does not hold. Uses R9. */
export function emitCondition(k: Emitter, condition: Condition, outcome: Outcome): void {
  const { asm } = k;
  if (atomsOf(condition).some(({ kind }) => kind !== "path" && kind !== "descriptor")) {
    loadFacts(k, currentTid, outcome.yes);
    unlessKnown(k, outcome.yes);
    asm.mov(R9, R0);
  }
  emit(k, condition, outcome, outcome.yes);
}

/** `open` is where to go as soon as something can't be told. */
function emit(k: Emitter, condition: Condition, outcome: Outcome, open: Label): void {
  const { asm } = k;
  const { yes, no, texts, parameter } = outcome;
  if (!isGroup(condition)) {
    const [holds, fails] = condition.negated ? [no, yes] : [yes, no];
    if (condition.kind === "path") {
      emitPath(k, condition, texts.get(condition.parameter)!, { holds, fails, open });
      return;
    }
    if (condition.kind === "descriptor") {
      emitDescriptor(k, condition, outcome.parameter(condition.parameter), holds, fails);
      return;
    }
    if (condition.kind === "place") {
      asm.load(4, R0, R9, FACTS.flags);
      asm.alu("and", R0, PLACES);
      asm.jump("eq", R0, 0, open);
      asm.jump("eq", R0, condition.host ? PLACE.HOST : PLACE.CONTAINER, holds);
    } else if (condition.kind === "user") user(k, condition, holds);
    else program(k, condition, holds);
    asm.goto(fails);
    return;
  }
  const { kind, parts } = condition;
  parts.forEach((part, i) => {
    if (i === parts.length - 1) {
      emit(k, part, outcome, open);
      return;
    }
    const next = asm.label("next part");
    emit(
      k,
      part,
      kind === "all" ? { yes: next, no, parameter, texts } : { yes, no: next, parameter, texts },
      open,
    );
    asm.place(next);
  });
}

function user(k: Emitter, { ranges }: UserAtom, holds: Label): void {
  const { asm } = k;
  asm.load(4, R0, R9, FACTS.uid);
  for (const [from, to] of ranges) {
    if (from === to) {
      asm.jump32("eq", R0, from, holds);
      continue;
    }
    const below = asm.label("below");
    if (from > 0) asm.jump32("lt", R0, from, below);
    asm.jump32("le", R0, to, holds);
    asm.place(below);
  }
}

const WORD = 8;

/** The text's bytes as two words, as they lie in memory, and which of their bits the text has. */
function words(text: string): { bits: bigint; mask: bigint }[] {
  const bytes = Buffer.alloc(2 * WORD);
  const mask = Buffer.alloc(2 * WORD);
  bytes.write(text, "latin1");
  mask.fill(0xff, 0, text.length);
  return [0, WORD].map((at) => ({ bits: bytes.readBigUInt64LE(at), mask: mask.readBigUInt64LE(at) }));
}

function program(k: Emitter, { names, prefixes }: ProgramAtom, holds: Label): void {
  const { asm } = k;
  asm.load(8, R1, R9, FACTS.comm);
  asm.load(8, R2, R9, FACTS.comm + WORD);
  const both = [R1, R2];
  for (const name of names) {
    const other = asm.label("other name");
    words(name).forEach(({ bits }, i) => {
      asm.wide(R3, bits);
      asm.jump("ne", both[i]!, R3, other);
    });
    asm.goto(holds);
    asm.place(other);
  }
  for (const prefix of prefixes) {
    const other = asm.label("other start");
    words(prefix).forEach(({ bits, mask }, i) => {
      if (mask === 0n) return;
      asm.wide(R4, mask);
      asm.alu("and", R4, both[i]!);
      asm.wide(R3, bits);
      asm.jump("ne", R4, R3, other);
    });
    asm.goto(holds);
    asm.place(other);
  }
}
