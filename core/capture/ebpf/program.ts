import { EVENT_HEADER_SIZE } from "../../event/source.ts";
import { EVENT } from "../../schema/event-codes.ts";
import { EF, type EventInfo, type ParamType } from "../../schema/event-row.ts";
import { EVENTS } from "../../schema/events.ts";
import { type Label, R0, R1, R2, R3, R6, R7, R8, R10 } from "./assembler.ts";
import { type TextPlace, textsOf } from "./call-condition.ts";
import { allowWanted, type CallFilter, emitFilter } from "./call-filter.ts";
import { TOO_LARGE } from "./counters.ts";
import { Emitter, type Value, type Writer } from "./emitter.ts";
import { familyParameter, followsKinds } from "./fd-following.ts";
import { FD_LESSONS } from "./fd-lessons.ts";
import { HELPER } from "./helper.ts";
import { forgetCopies, takeCopies, unlessTaken } from "./kernel-copies.ts";
import type { Lesson } from "./lessons.ts";
import { joined } from "./lessons.ts";
import { keepText, MAX_KEPT_TEXTS } from "./path-condition.ts";
import { SCRATCH } from "./scratch.ts";
import { countLoss, submit } from "./submit.ts";
import type { Target } from "./target.ts";

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
  const { drop } = k;
  const early = startCopies(k, filler);
  k.drop = early;
  // A call that gives several records has a value for each.
  const { parameters, ...rest } = filter;
  const texts = textPlaces(event, filter);
  emitFilter(k, filler.repeat ? rest : filter, (name) => recorded(event, filler, name));
  if (filler.when) {
    filler.when(k);
    k.asm.jump("eq", R0, 0, k.drop);
  }
  k.drop = drop;
  const follows = filter.follows ? FD_LESSONS[id] : undefined;
  const value = (name: string): Value => recordedAt(event, name) ?? recorded(event, filler, name);
  const lesson = joined(filler.lesson, follows && followsKinds(follows, { event, value }));
  lesson.before?.(k);
  header(k, event, filler.thread);
  const fixed = params(k, event, filler, texts, follows && familyParameter(follows));
  if (texts.size > 0) allowWanted(k, filter.wanted!, (name) => recorded(event, filler, name), texts);
  lesson.ready?.(k);
  submit(k, event, fixed, lesson);
  if (filler.repeat) again(k, filler.repeat);
  if (fixed === undefined) {
    k.asm.goto(k.drop);
    k.asm.place(k.tooLarge);
    countLoss(k, TOO_LARGE);
    lesson.lost?.(k);
  }
  if (early !== drop) {
    k.asm.place(early);
    forgetCopies(k);
  }
  k.asm.place(k.drop);
  if (filler.repeat) k.asm.store(8, R7, SCRATCH.repetition, 0);
  k.asm.place(leave);
  k.asm.mov(R0, 0);
  k.asm.exit();
  return k.asm.finish();
}

/** How the program of an event uses what the kernel copied; undefined where it does not. */
function copyUse(target: Target, { params }: Filler): Emitter["copyUse"] {
  if (!target.copies) return undefined;
  const k = new Emitter(target);
  for (const param of Object.values(params)) param(k);
  return k.copyUse;
}

/** Whether the event that a filler makes has parameters of which the kernel's copies are taken. */
export const takesCopies = (target: Target, filler: Filler): boolean => copyUse(target, filler) !== undefined;

/**
 * Takes the copies of this call, unless the first parameter that needs them does it on the way, which spares a look-up. Returns where to leave until then: what
 * is kept of a call must not outlive it.
 */
function startCopies(k: Emitter, filler: Filler): Label {
  const { copies } = k.target;
  const use = copyUse(k.target, filler);
  if (!copies || use === undefined) return k.drop;
  if (use === "text first") return k.asm.label("left early");
  unlessTaken(k, () => takeCopies(k, copies));
  k.copiesTaken = true;
  return k.drop;
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

/** A parameter that all records of the event have at the same place, as it is there; undefined for others. */
function recordedAt({ params }: EventInfo, name: string): Value | undefined {
  const index = params.findIndex((param) => param.name === name);
  let offset = SCRATCH.record + EVENT_HEADER_SIZE + 2 * params.length;
  for (const { type } of params.slice(0, index)) {
    const width = WIDTH[type];
    if (width === undefined) return undefined;
    offset += width;
  }
  return (k) => k.asm.load(WIDTH[params[index]!.type] ?? 8, R0, R7, offset);
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
function params(
  k: Emitter,
  event: EventInfo,
  filler: Filler,
  texts: ReadonlyMap<string, TextPlace>,
  family: string | undefined,
): number | undefined {
  const { asm } = k;
  let known: number | undefined = EVENT_HEADER_SIZE + 2 * event.params.length;
  for (const [i, param] of event.params.entries()) {
    const lengthAt = SCRATCH.record + EVENT_HEADER_SIZE + 2 * i;
    const width = WIDTH[param.type];
    const emit = filler.params[param.name]!;
    if (width === undefined) {
      if (known !== undefined) asm.mov(R8, known);
      const text = texts.get(param.name);
      if (text) keepText(k, text.index);
      if (param.name === family) asm.store(8, R7, SCRATCH.family, R8);
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

/** Where the texts will be that the filter looks at. */
function textPlaces(event: EventInfo, { wanted }: CallFilter): ReadonlyMap<string, TextPlace> {
  const names = wanted ? textsOf(wanted.condition) : [];
  if (names.length > MAX_KEPT_TEXTS) throw new Error(`${event.id}: too many texts to look at`);
  return new Map(
    names.map((name, index) => {
      const i = event.params.findIndex((param) => param.name === name);
      return [name, { index, lengthAt: SCRATCH.record + EVENT_HEADER_SIZE + 2 * i }];
    }),
  );
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
