import { EVENT_HEADER_SIZE } from "../../event/source.ts";
import { EVENT } from "../../schema/event-codes.ts";
import { EF, type EventInfo, type ParamType } from "../../schema/event-row.ts";
import { EVENTS } from "../../schema/events.ts";
import { R0, R1, R2, R3, R4, R6, R7, R8, R9, R10 } from "./assembler.ts";
import { type CallFilter, emitFilter } from "./call-filter.ts";
import { COUNTERS_STRIDE, counterOf, TOO_LARGE } from "./counters.ts";
import { Emitter, type Value, type Writer } from "./emitter.ts";
import { HELPER } from "./helper.ts";
import { INTEREST } from "./interest.ts";
import { CPU_PREFIX, SCRATCH } from "./scratch.ts";
import type { Target } from "./target.ts";
import type { Lesson } from "./thread-facts.ts";

export type EventId = keyof typeof EVENT;

/** How the parameters of an event are got, by name: a value for the fixed-size ones, a writer for the others. */
export interface Filler {
  readonly params: Readonly<Record<string, Value | Writer>>;
  /** The event is dropped where this value is 0. */
  readonly when?: Value;
  /** Thread the event belongs to; the current one when absent. */
  readonly thread?: Value;
  /** Calls that give a record for each of several messages: how many, and the most that are recorded (at most 32). */
  readonly repeat?: { readonly count: Value; readonly max: number };
  /** Leaves out what this process itself causes; system calls are told apart before. */
  readonly exceptSelf?: boolean;
  /** Runs from interrupts and faults, hence maybe inside another program. */
  readonly nested?: boolean;
  /** What the record tells of its thread is kept in the kernel too. */
  readonly lesson?: Lesson;
}

/** Which of a call's records is being made, from 0. */
export const repetition: Value = (k) => k.asm.load(8, R0, R7, SCRATCH.repetition);

export type FillerSet = Partial<Readonly<Record<EventId, Filler>>>;

/** Parameter widths; types that are not here have no fixed size. */
const WIDTH: Partial<Readonly<Record<ParamType, 1 | 2 | 4 | 8>>> = {
  INT8: 1,
  UINT8: 1,
  FLAGS8: 1,
  ENUMFLAGS8: 1,
  SIGTYPE: 1,
  L4PROTO: 1,
  SOCKFAMILY: 1,
  INT16: 2,
  UINT16: 2,
  FLAGS16: 2,
  ENUMFLAGS16: 2,
  SYSCALLID: 2,
  PORT: 2,
  INT32: 4,
  UINT32: 4,
  FLAGS32: 4,
  ENUMFLAGS32: 4,
  UID: 4,
  GID: 4,
  MODE: 4,
  SIGSET: 4,
  BOOL: 4,
  FD32: 4,
  PID32: 4,
  INT64: 8,
  UINT64: 8,
  ERRNO: 8,
  FD: 8,
  PID: 8,
  RELTIME: 8,
  ABSTIME: 8,
};

/**
 * Assembles the program that records one event: header, the parameters in the table's order, and the hand-over to
 * the ring buffer. What `filter` rules out is left before that. A parameter the filler leaves out, or one the table doesn't have, is an error.
 */
export function eventProgram(target: Target, id: EventId, filler: Filler, filter: CallFilter = {}): Buffer {
  const event = EVENTS[EVENT[id]]!;
  checkNames(event, filler);
  const k = new Emitter(target);
  k.asm.mov(R6, R1);
  const leave = k.asm.label("leave");
  if (filler.exceptSelf) {
    k.asm.call(HELPER.currentPidTgid);
    k.asm.alu("shr", R0, 32);
    k.asm.jump("eq", R0, target.self, leave);
  }
  k.loadScratch(R7, leave, filler.nested);
  // A call that gives several records has a value for each.
  const { parameters, ...rest } = filter;
  emitFilter(k, filler.repeat ? rest : filter, (name) => recorded(event, filler, name));
  if (filler.when) {
    filler.when(k);
    k.asm.jump("eq", R0, 0, k.drop);
  }
  filler.lesson?.before?.(k);
  header(k, event, filler.thread);
  const fixed = params(k, event, filler);
  submit(k, event, fixed, filler.lesson);
  if (filler.repeat) again(k, filler.repeat);
  if (fixed === undefined) {
    k.asm.goto(k.drop);
    k.asm.place(k.tooLarge);
    countLoss(k, TOO_LARGE);
    filler.lesson?.lost?.(k);
  }
  k.asm.place(k.drop);
  if (filler.repeat) k.asm.store(8, R7, SCRATCH.repetition, 0);
  k.asm.place(leave);
  k.asm.mov(R0, 0);
  k.asm.exit();
  return k.asm.finish();
}

/** A parameter of fixed size, cut to what its place in the record holds. */
function recorded(event: EventInfo, filler: Filler, name: string): Value {
  const width = WIDTH[event.params.find((param) => param.name === name)!.type] ?? 8;
  return (k) => {
    filler.params[name]!(k);
    if (width < 4) k.alu("and", 2 ** (8 * width) - 1);
    else if (width === 4) k.asm.alu32("mov", R0, R0);
  };
}

/** Starts the program anew for the call's next record. A loop around the program's body would be more than the verifier follows. */
function again(k: Emitter, { count, max }: NonNullable<Filler["repeat"]>): void {
  const { asm } = k;
  count(k);
  asm.load(8, R1, R7, SCRATCH.repetition);
  asm.alu("add", R1, 1);
  asm.jump("sge", R1, R0, k.drop);
  asm.jump("ge", R1, max, k.drop);
  asm.store(8, R7, SCRATCH.repetition, R1);
  asm.mov(R1, R6);
  asm.map(R2, k.target.maps.programs);
  asm.load(4, R3, R7, SCRATCH.call);
  asm.call(HELPER.tailCall);
}

function checkNames(event: EventInfo, filler: Filler): void {
  if (event.flags & EF.LARGE_PAYLOAD)
    throw new Error(`${event.id}: large-payload events are not the kernel's`);
  const names = event.params.map((param) => param.name);
  const missing = names.filter((name) => !(name in filler.params));
  const unknown = Object.keys(filler.params).filter((name) => !names.includes(name));
  if (missing.length > 0) throw new Error(`${event.id}: the filler lacks ${missing.join(", ")}`);
  if (unknown.length > 0) throw new Error(`${event.id}: the event has no ${unknown.join(", ")}`);
}

function header(k: Emitter, event: EventInfo, thread: Value | undefined): void {
  const { asm } = k;
  asm.call(HELPER.bootTime);
  asm.wide(R1, k.target.bootTime);
  asm.alu("add", R0, R1);
  asm.store(8, R7, SCRATCH.record, R0);
  if (thread) thread(k);
  else asm.call(HELPER.currentPidTgid);
  asm.alu32("mov", R0, R0);
  asm.store(8, R7, SCRATCH.record + 8, R0);
  asm.store(2, R7, SCRATCH.record + 20, event.code);
  asm.store(4, R7, SCRATCH.record + 22, event.params.length);
}

/** Emits all parameters. Returns the record's length when it is the same for every event, else R8 holds it. */
function params(k: Emitter, event: EventInfo, filler: Filler): number | undefined {
  const { asm } = k;
  let known: number | undefined = EVENT_HEADER_SIZE + 2 * event.params.length;
  for (const [i, param] of event.params.entries()) {
    const lengthAt = SCRATCH.record + EVENT_HEADER_SIZE + 2 * i;
    const width = WIDTH[param.type];
    const emit = filler.params[param.name]!;
    if (width === undefined) {
      if (known !== undefined) asm.mov(R8, known);
      variable(k, emit, lengthAt);
      known = undefined;
      continue;
    }
    asm.store(2, R7, lengthAt, width);
    emit(k);
    if (known === undefined) {
      k.append(width);
      continue;
    }
    asm.store(width, R7, SCRATCH.record + known, R0);
    known += width;
  }
  return known;
}

/** Runs a writer and notes by how much the record grew. */
function variable(k: Emitter, write: Writer, lengthAt: number): void {
  const { asm } = k;
  k.temporary(8, (before) => {
    asm.store(8, R10, before, R8);
    write(k);
    asm.mov(R0, R8);
    asm.load(8, R1, R10, before);
    asm.alu("sub", R0, R1);
    asm.store(2, R7, lengthAt, R0);
  });
  k.settle();
}

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
  // Without flags the kernel wakes the reader only if it had caught up, so a busy reader costs no wake-ups.
  asm.mov(R9, 0);
  asm.mapValue(R1, target.maps.interest, INTEREST.wakeAt);
  asm.load(4, R2, R1, 0);
  asm.jump("eq", R2, 0, decided);
  asm.mov(R9, isUrgent ? FORCE_WAKEUP : NO_WAKEUP);
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

function submit(k: Emitter, event: EventInfo, fixed: number | undefined, lesson: Lesson = {}): void {
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
function countLoss(k: Emitter, cause: number): void {
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
