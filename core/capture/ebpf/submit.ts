import type { EventInfo } from "../../schema/event-row.ts";
import { R0, R1, R2, R3, R4, R7, R8, R9 } from "./assembler.ts";
import { COUNTERS_STRIDE, counterOf } from "./counters.ts";
import type { Emitter } from "./emitter.ts";
import { HELPER } from "./helper.ts";
import { INTEREST, WAKE_NEVER } from "./interest.ts";
import type { Lesson } from "./lessons.ts";
import { CPU_PREFIX, SCRATCH } from "./scratch.ts";

const NO_WAKEUP = 1;
const FORCE_WAKEUP = 2;
/**
 * From the bytes on that a reader waits for, a record wakes it when it is among the first WAKE_RANGE bytes of each WAKE_EVERY (a power of two):
 * waking costs the caller a microsecond, but one wake-up alone could be leapt over by a large record.
 */
const WAKE_EVERY = 16 * 1024;
const WAKE_RANGE = 1024;

/** What a new program's user and files are called is asked of the system, and short ones do not live long. */
const URGENT: ReadonlySet<string> = new Set(["execve", "execveat"]);

/** R9 = how the record to come is to wake the reader. */
function wakeFlags(k: Emitter, event: EventInfo): void {
  const { asm, target } = k;
  const isUrgent = URGENT.has(event.name);
  if (isUrgent) {
    asm.mapValue(R1, target.maps.interest, INTEREST.urgent);
    asm.store(4, R1, 0, 1);
  }
  const decided = asm.label("wake decided");
  asm.mov(R9, isUrgent ? FORCE_WAKEUP : NO_WAKEUP);
  asm.mapValue(R1, target.maps.interest, INTEREST.wakeAt);
  asm.load(4, R2, R1, 0);
  // A reader that is busy looks for more by itself: to wake it would cost the caller a microsecond.
  asm.jump32("eq", R2, WAKE_NEVER, decided);
  asm.map(R1, target.maps.ring);
  // BPF_RB_AVAIL_DATA
  asm.mov(R2, 0);
  asm.call(HELPER.ringQuery);
  asm.mapValue(R1, target.maps.interest, INTEREST.wakeAt);
  asm.load(4, R2, R1, 0);
  asm.alu("sub", R0, R2);
  asm.jump("slt", R0, 0, decided);
  asm.alu("and", R0, WAKE_EVERY - 1);
  asm.jump("gt", R0, WAKE_RANGE, decided);
  asm.mov(R9, FORCE_WAKEUP);
  asm.place(decided);
}

/** Hands the record over, or counts it as lost. `fixed` is its length where that is always the same; else R8 holds it. */
export function submit(k: Emitter, event: EventInfo, fixed: number | undefined, lesson: Lesson = {}): void {
  const { asm, target } = k;
  wakeFlags(k, event);
  asm.store(4, R7, SCRATCH.record + 16, fixed ?? R8);
  asm.map(R1, target.maps.ring);
  asm.mov(R2, R7);
  asm.alu("add", R2, SCRATCH.record - CPU_PREFIX);
  asm.mov(R3, fixed ?? R8);
  asm.alu("add", R3, CPU_PREFIX);
  asm.mov(R4, R9);
  asm.call(HELPER.ringOutput);
  const recorded = asm.label("recorded");
  asm.jump("eq", R0, 0, recorded);
  countLoss(k, counterOf(event));
  lesson.lost?.(k);
  const end = asm.label("submitted");
  if (lesson.after) asm.goto(end);
  asm.place(recorded);
  if (lesson.after) k.branch(() => lesson.after?.(k));
  asm.place(end);
}

/** Adds one to this CPU's counter of that cause. */
export function countLoss(k: Emitter, cause: number): void {
  const { asm, target } = k;
  const end = asm.label("counted");
  asm.load(4, R0, R7, SCRATCH.record - CPU_PREFIX);
  asm.jump("ge", R0, target.cpus, end);
  asm.alu("mul", R0, COUNTERS_STRIDE);
  asm.mapValue(R1, target.maps.counters, 8 * cause);
  asm.alu("add", R1, R0);
  asm.mov(R2, 1);
  // Atomic for the programs that interrupt others.
  asm.atomicAdd(8, R1, 0, R2);
  asm.place(end);
}
