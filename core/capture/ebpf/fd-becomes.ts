import { EVENT_HEADER_SIZE } from "../../event/source.ts";
import type { EventInfo } from "../../schema/event-row.ts";
import { OPEN_BITS } from "../../schema/native-flags.ts";
import { OPEN_FLAG } from "../../state/fd.ts";
import { R0, R1, R2, R7, R9 } from "./assembler.ts";
import type { Emitter, Value } from "./emitter.ts";
import { loadKind, MAX_FOLLOWED } from "./fd-facts.ts";
import { KIND } from "./fd-kinds.ts";
import type { Becomes, OfFamily } from "./fd-lessons.ts";
import { SCRATCH } from "./scratch.ts";
import { arg, uint } from "./values.ts";

/** Where the parameters of the record being made are. */
export interface Places {
  readonly event: EventInfo;
  /** A parameter of fixed size, as the record has it. */
  readonly value: (name: string) => Value;
}

/** Where the length of a parameter is. */
export function lengthOf({ event }: Places, name: string): number {
  return SCRATCH.record + EVENT_HEADER_SIZE + 2 * event.params.findIndex((param) => param.name === name);
}

/** R0 = what a descriptor of the entry R9 becomes that was what is at `before` in the scratch area. */
export function become(k: Emitter, becomes: Becomes, places: Places, before: number): void {
  const { asm } = k;
  switch (becomes.how) {
    case "is":
      asm.mov(R0, becomes.bits);
      return;
    case "unknown":
      asm.mov(R0, 0);
      return;
    case "opened":
      opened(k, becomes.flagsArgument);
      return;
    case "socket":
      uint(arg(becomes.domainArgument))(k);
      asm.mov(R1, R0);
      bitsOf(k, becomes.of, () => asm.mov(R0, becomes.otherwise));
      return;
    case "tuple":
      family(k, places, becomes.parameter);
      bitsOf(k, becomes.of, () => asm.load(8, R0, R7, before));
      return;
    case "maybe":
      family(k, places, becomes.parameter);
      bitsOf(k, becomes.of, () => asm.mov(R0, 0));
      maybe(k, before);
      return;
    case "copy":
      copy(k, places.value(becomes.from), before);
  }
}

function opened(k: Emitter, flagsArgument: number | undefined): void {
  const { asm, target } = k;
  const either = KIND.FILE | KIND.DIRECTORY | KIND.CONNECTED;
  if (flagsArgument === undefined) {
    asm.mov(R0, either);
    return;
  }
  const [native] = OPEN_BITS[target.arch.name].find(([, recorded]) => recorded === OPEN_FLAG.DIRECTORY)!;
  const end = asm.label("opened");
  arg(flagsArgument)(k);
  asm.mov(R1, R0);
  asm.mov(R0, KIND.DIRECTORY | KIND.CONNECTED);
  asm.jump("set", R1, native, end);
  asm.mov(R0, KIND.FILE | KIND.CONNECTED);
  asm.place(end);
}

/** R0 = the bits of the family R1. */
function bitsOf({ asm }: Emitter, of: OfFamily, otherwise: () => void): void {
  const end = asm.label("bits");
  for (const [number, bits] of of) {
    const other = asm.label("other family");
    asm.jump("ne", R1, number, other);
    asm.mov(R0, bits);
    asm.goto(end);
    asm.place(other);
  }
  otherwise();
  asm.place(end);
}

/** R1 = the family with which a parameter of the record begins; 0 where it is empty. */
export function family(k: Emitter, places: Places, name: string): void {
  const { asm } = k;
  const end = asm.label("family");
  asm.mov(R1, 0);
  asm.load(2, R0, R7, lengthOf(places, name));
  asm.jump("eq", R0, 0, end);
  asm.load(8, R2, R7, SCRATCH.family);
  asm.jump("gt", R2, SCRATCH.recordLimit, end);
  asm.alu("add", R2, R7);
  asm.load(1, R1, R2, SCRATCH.record);
  asm.place(end);
}

/** R0 = what was, or else the bits in R0; it counts as connected only where it could be that before. */
function maybe({ asm }: Emitter, before: number): void {
  const end = asm.label("maybe");
  asm.mov(R1, R0);
  asm.load(8, R0, R7, before);
  asm.jump("eq", R0, 0, end);
  asm.mov(R2, R0);
  asm.alu("or", R2, R1);
  asm.jump("eq", R2, R0, end);
  asm.mov(R0, R2);
  asm.alu("and", R0, ~KIND.CONNECTED);
  asm.place(end);
}

/** R0 = what the other descriptor is (entry R9), or what this one was. */
function copy(k: Emitter, from: Value, before: number): void {
  const { asm } = k;
  const end = asm.label("copied");
  const unknown = asm.label("unknown");
  from(k);
  asm.jump("ge", R0, MAX_FOLLOWED, unknown);
  asm.mov(R2, R0);
  asm.mov(R0, R9);
  loadKind(k);
  asm.jump("eq", R1, 0, unknown);
  asm.load(8, R2, R7, before);
  asm.jump("eq", R2, 0, unknown);
  asm.mov(R0, R1);
  asm.alu("or", R0, R2);
  asm.alu("and", R1, R2);
  asm.alu("and", R1, KIND.CONNECTED);
  asm.alu("and", R0, ~KIND.CONNECTED);
  asm.alu("or", R0, R1);
  asm.goto(end);
  asm.place(unknown);
  asm.mov(R0, 0);
  asm.place(end);
}
