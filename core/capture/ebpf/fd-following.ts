import { type Label, R0, R1, R2, R3, R7, R9, R10 } from "./assembler.ts";
import type { Emitter, Value } from "./emitter.ts";
import { become, family, lengthOf, type Places } from "./fd-becomes.ts";
import {
  currentPid,
  forgetCurrent,
  forgetKinds,
  loadKind,
  loadProcess,
  MARK,
  MAX_FOLLOWED,
  needProcess,
  PROCESS,
} from "./fd-facts.ts";
import { KIND } from "./fd-kinds.ts";
import { AF_UNIX, type Becomes, type FdLesson } from "./fd-lessons.ts";
import type { Lesson } from "./lessons.ts";
import { CPU_PREFIX, SCRATCH } from "./scratch.ts";
import { arg, result } from "./values.ts";

/** The parameter that tells of the family, of whose place a note is needed (SCRATCH.family). */
export function familyParameter({ becomes }: FdLesson): string | undefined {
  return becomes.how === "tuple" || becomes.how === "maybe" ? becomes.parameter : undefined;
}

/** What is kept of descriptor `i` of a lesson in the scratch area. */
const slot = (i: number) => {
  const at = SCRATCH.taught + 24 * i;
  return { number: at, before: at + 8, bits: at + 16 } as const;
};

/**
 * Follows what state learns of kinds from the records of an event. While a record is handed over, what it is about counts as unknown, and
 * when several are at the same time, from then on: nobody knows the order that state finds them in.
 */
export function followsKinds(lesson: FdLesson, places: Places): Lesson {
  const slots = lesson.of.map((_, i) => slot(i));
  return {
    ready: (k) => {
      const { asm } = k;
      const end = asm.label("nothing told");
      for (const { number } of slots) asm.store(8, R7, number, -1);
      unlessTold(k, lesson, end);
      if (lesson.distinct) unlessSame(k, lesson.of.map(places.value), end);
      needProcess(k, end);
      asm.mov(R9, R0);
      if (lesson.control) lookUp(k, lesson, places, end);
      lesson.of.forEach((name, i) => {
        teach(k, lesson.becomes, places, places.value(name), slot(i));
      });
      asm.place(end);
    },
    after: (k) => {
      const { asm } = k;
      const end = asm.label("told");
      const some = asm.label("some told");
      for (const { number } of slots) {
        asm.load(8, R0, R7, number);
        asm.jump("lt", R0, MAX_FOLLOWED, some);
      }
      asm.goto(end);
      asm.place(some);
      loadProcess(k, currentPid, end);
      asm.mov(R9, R0);
      for (const { number, bits } of slots) settle(k, number, bits);
      asm.place(end);
    },
    lost: forgetCurrent,
  };
}

/** Goes to `end` where state learns nothing from the call. */
function unlessTold(k: Emitter, { butErrors = [], only }: FdLesson, end: Label): void {
  const { asm } = k;
  const told = asm.label("told");
  result(k);
  for (const errno of butErrors) asm.jump("eq", R0, -errno, told);
  asm.jump("slt", R0, 0, end);
  asm.place(told);
  if (!only) return;
  const wanted = asm.label("wanted");
  arg(only.argument)(k);
  for (const value of only.values) asm.jump32("eq", R0, value, wanted);
  asm.goto(end);
  asm.place(wanted);
}

/** Goes to `end` where both are the same. */
function unlessSame(k: Emitter, [one, other]: readonly Value[], end: Label): void {
  const { asm } = k;
  k.temporary(8, (at) => {
    one!(k);
    asm.store(8, R10, at, R0);
    other!(k);
    asm.load(8, R1, R10, at);
    asm.jump("eq", R0, R1, end);
  });
}

/** struct cmsghdr. */
const CONTROL_HEADER = 16;

/** Descriptors that came with a message over what may be a unix socket (entry in R9): /proc will be asked what they are. */
function lookUp(k: Emitter, lesson: FdLesson, places: Places, end: Label): void {
  const { asm } = k;
  const none = asm.label("no descriptors");
  const any = asm.label("any descriptors");
  asm.load(2, R0, R7, lengthOf(places, lesson.control!));
  asm.jump("lt", R0, CONTROL_HEADER, none);
  const from = familyParameter(lesson);
  if (from) family(k, places, from);
  if (from) asm.jump("eq", R1, AF_UNIX, any);
  places.value(lesson.of[0]!)(k);
  asm.jump("ge", R0, MAX_FOLLOWED, any);
  asm.mov(R2, R0);
  asm.mov(R0, R9);
  loadKind(k);
  asm.jump("eq", R1, 0, any);
  asm.alu("and", R1, KIND.UNIX);
  asm.jump("eq", R1, 0, none);
  asm.place(any);
  asm.mov(R0, R9);
  forgetKinds(k);
  asm.goto(end);
  asm.place(none);
}

/** Works out what becomes of a descriptor of the entry R9, and marks it. */
function teach(
  k: Emitter,
  becomes: Becomes,
  places: Places,
  fd: Value,
  { number, before, bits }: ReturnType<typeof slot>,
): void {
  const { asm } = k;
  const far = asm.label("not followed");
  fd(k);
  asm.jump("ge", R0, MAX_FOLLOWED, far);
  asm.store(8, R7, number, R0);
  asm.mov(R2, R0);
  asm.mov(R0, R9);
  loadKind(k);
  asm.store(8, R7, before, R1);
  k.branch(() => become(k, becomes, places, before));
  asm.store(8, R7, bits, R0);
  address(k, number, far);
  mark(k);
  asm.store(2, R2, PROCESS.kinds, R0);
  asm.mov(R1, 1);
  asm.atomicAdd(4, R9, PROCESS.changes, R1);
  asm.place(far);
}

/** R2 = where the bits of the descriptor in a slot are in the entry R9, less PROCESS.kinds; goes to `far` where it has none. */
function address({ asm }: Emitter, number: number, far: Label): void {
  asm.load(8, R2, R7, number);
  asm.jump("ge", R2, MAX_FOLLOWED, far);
  asm.alu("shl", R2, 1);
  asm.alu("add", R2, R9);
}

/** R0 = the mark of this CPU. */
function mark({ asm }: Emitter): void {
  asm.load(4, R0, R7, SCRATCH.record - CPU_PREFIX);
  asm.alu("and", R0, MARK - 1);
  asm.alu("or", R0, MARK);
}

/** The record has been handed over: what it tells counts, unless another came in between. */
function settle(k: Emitter, number: number, bits: number): void {
  const { asm } = k;
  const far = asm.label("not followed");
  const ours = asm.label("ours");
  address(k, number, far);
  mark(k);
  asm.load(2, R3, R2, PROCESS.kinds);
  asm.load(8, R1, R7, bits);
  asm.jump("eq", R3, R0, ours);
  asm.mov(R1, 0);
  asm.place(ours);
  asm.store(2, R2, PROCESS.kinds, R1);
  asm.mov(R1, 1);
  asm.atomicAdd(4, R9, PROCESS.changes, R1);
  asm.place(far);
}
