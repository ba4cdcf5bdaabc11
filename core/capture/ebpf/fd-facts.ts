import { type Label, R0, R1, R2, R3, R4, R10 } from "./assembler.ts";
import type { Emitter, Value } from "./emitter.ts";
import { INET, KIND } from "./fd-kinds.ts";
import { HELPER } from "./helper.ts";
import { result } from "./values.ts";

/** Descriptors of a process that are followed: those below this number. */
export const MAX_FOLLOWED = 128;

/** Processes whose descriptors are followed; of others nothing is decided. */
export const MAX_PROCESSES = 4_096;

/**
 * What state will have of a process's descriptors when it comes to the record of the moment, kept in the kernel: conditions on kinds are decided by what
 * records have told, as state's are, and not by what the process has. So it makes no difference what no record tells of. One entry a process, by its id in
 * the initial pid namespace:
 *
 *   0             4            8
 *   | changes u32 | base u32   | bits of KIND u16 of descriptor 0 | 1 | …
 *
 * 0 stands for whatever it may be, and so does a number from MARK on: a record that tells of the descriptor is on its way. `changes` counts what became of
 * the entry, `base` is the parent's count when the entry was copied from its.
 */
export const PROCESS = { changes: 0, base: 4, kinds: 8, size: 8 + 2 * MAX_FOLLOWED } as const;

/** With the number of the CPU that makes the record. */
export const MARK = 0x8000;

/** The current process's id. */
export const currentPid: Value = (k) => {
  k.asm.call(HELPER.currentPidTgid);
  k.asm.alu("shr", R0, 32);
};

/** Calls `use` with the map in R1 and the address of the key in R2. */
export function withKey(k: Emitter, pid: Value, use: () => void): void {
  const { asm } = k;
  k.temporary(8, (key) => {
    pid(k);
    asm.store(4, R10, key, R0);
    asm.map(R1, k.target.maps.descriptors);
    asm.mov(R2, R10);
    asm.alu("add", R2, key);
    use();
  });
}

/** R0 = the process's entry; goes to `none` where it has none. */
export function loadProcess(k: Emitter, pid: Value, none: Label): void {
  withKey(k, pid, () => k.asm.call(HELPER.mapLookup));
  k.asm.jump("eq", R0, 0, none);
}

const NO_EXIST = 1;

/** As `loadProcess` for the current one, which is given an entry of which nothing is known where it has none. */
export function needProcess(k: Emitter, none: Label): void {
  const { asm } = k;
  const found = asm.label("process found");
  withKey(k, currentPid, () => asm.call(HELPER.mapLookup));
  asm.jump("ne", R0, 0, found);
  withKey(k, currentPid, () => {
    asm.mapValue(R3, k.target.maps.blank, 0);
    asm.mov(R4, NO_EXIST);
    asm.call(HELPER.mapUpdate);
  });
  loadProcess(k, currentPid, none);
  asm.place(found);
}

/** Nothing is known any more of the entry (R0). Done in place: other CPUs may be using it. */
export function forgetKinds({ asm }: Emitter): void {
  asm.mov(R1, 1);
  asm.atomicAdd(4, R0, PROCESS.changes, R1);
  for (let at = PROCESS.kinds; at < PROCESS.size; at += 8) asm.store(8, R0, at, 0);
}

/** Nothing is known any more of the current process's descriptors. */
export function forgetCurrent(k: Emitter): void {
  const none = k.asm.label("no process");
  loadProcess(k, currentPid, none);
  forgetKinds(k);
  k.asm.place(none);
}

/** R1 = bits of the descriptor R2, below MAX_FOLLOWED, of the entry R0; whatever it may be is 0. R2 = where they lie, less PROCESS.kinds. */
export function loadKind({ asm }: Emitter): void {
  const known = asm.label("told");
  asm.alu("shl", R2, 1);
  asm.alu("add", R2, R0);
  asm.load(2, R1, R2, PROCESS.kinds);
  asm.jump("lt", R1, MARK, known);
  asm.mov(R1, 0);
  asm.place(known);
}

/** Descriptors that state may have as one of these kinds. */
export interface DescriptorAtom {
  readonly kind: "descriptor";
  /** The event's parameter that holds it. */
  readonly parameter: string;
  /** Bits of KIND. */
  readonly passing: number;
  /** Those too of which state learns from the call, where it succeeded, that they are connected. */
  readonly orUnconnected?: true;
  readonly negated: false;
}

/** Goes to `holds` where it may, also where nothing is known, else to `fails`. */
export function emitDescriptor(
  k: Emitter,
  { passing, orUnconnected }: DescriptorAtom,
  fd: Value,
  holds: Label,
  fails: Label,
): void {
  const { asm } = k;
  k.temporary(8, (number) => {
    fd(k);
    asm.jump("ge", R0, MAX_FOLLOWED, holds);
    asm.store(8, R10, number, R0);
    loadProcess(k, currentPid, holds);
    asm.load(8, R2, R10, number);
    // Kernels forget the range of what they spill.
    asm.jump("ge", R2, MAX_FOLLOWED, holds);
  });
  loadKind(k);
  asm.jump("eq", R1, 0, holds);
  if (passing !== 0) asm.jump("set", R1, passing, holds);
  if (orUnconnected) {
    asm.jump("set", R1, KIND.CONNECTED, fails);
    asm.alu("and", R1, INET);
    asm.jump("eq", R1, 0, fails);
    result(k);
    asm.jump("sge", R0, 0, holds);
  }
  asm.goto(fails);
}
