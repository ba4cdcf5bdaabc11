import { isSeldom } from "../../ffi/seldom.ts";
import { EVENT } from "../../schema/event-codes.ts";
import { EVENTS } from "../../schema/events.ts";
import { SYSCALLS } from "../../schema/syscalls.ts";
import type { CheckNode, ConditionNode, FieldNode, TransformNode } from "./ast.ts";
import { CodeSet } from "./code-set.ts";

const SYSCALL_NAMES = new Set(SYSCALLS.map((s) => s.name));
const CODES_BY_NAME = new Map<string, number[]>();
for (const { code, name } of EVENTS) {
  // Codes 0 and 1 are the generic pair for syscalls without an event of their own.
  if (code < 2) continue;
  const codes = CODES_BY_NAME.get(name);
  if (codes) codes.push(code);
  else CODES_BY_NAME.set(name, [code]);
}

/** Makes names known that events of plugins have: all of those are of one type. */
export function knowAsyncEvents(names: readonly string[]): void {
  for (const name of names) if (!CODES_BY_NAME.has(name)) CODES_BY_NAME.set(name, [EVENT.ASYNCEVENT_E]);
}

/** A set of event codes. */
export const eventCodes = (codes: Iterable<number>): CodeSet => CodeSet.of(codes, EVENTS.length);

/** What a condition is asked for: which of these its comparisons of `evt.type` leave possible. */
interface Space {
  readonly all: CodeSet;
  readonly none: CodeSet;
  /** What a name stands for. */
  readonly named: (name: string) => Iterable<number>;
  readonly of: (codes: Iterable<number>) => CodeSet;
  readonly cache: {
    readonly plain: WeakMap<ConditionNode, CodeSet>;
    readonly negated: WeakMap<ConditionNode, CodeSet>;
  };
}

function space(all: Iterable<number>, room: number, named: Space["named"]): Space {
  const of = (codes: Iterable<number>): CodeSet => CodeSet.of(codes, room);
  return { all: of(all), none: of([]), named, of, cache: { plain: new WeakMap(), negated: new WeakMap() } };
}

const EVENT_SPACE = space(
  EVENTS.keys(),
  EVENTS.length,
  (name) => CODES_BY_NAME.get(name) ?? (SYSCALL_NAMES.has(name) ? [0, 1] : []),
);

/** System calls that all show up as the generic event; they are told apart by name only. */
const GENERIC = SYSCALLS.map((s, index) => ({ ...s, index })).filter(
  (s) => s.exit === "GENERIC_X" && !CODES_BY_NAME.has(s.name),
);
const GENERIC_BY_NAME = new Map(GENERIC.map(({ name, index }) => [name, index]));
const GENERIC_SPACE = space(
  GENERIC.map(({ index }) => index),
  SYSCALLS.length,
  (name) => (GENERIC_BY_NAME.has(name) ? [GENERIC_BY_NAME.get(name)!] : []),
);

/** Whether `evt.type` can ever have this value (names of plugins' async events aside). */
export const isEventName = (name: string): boolean =>
  CODES_BY_NAME.has(name) || SYSCALL_NAMES.has(name) || name === EVENTS[0]!.name;

/** A comparison of evt.type that no set of codes can be computed for. */
export class EventCodeError extends Error {}

const isTypeField = (node: FieldNode | TransformNode): boolean =>
  node.kind === "field" &&
  node.arg === undefined &&
  (node.name === "evt.type" || node.name === "syscall.type");

function mentionsType(node: TransformNode): boolean {
  return node.args.some((arg) =>
    arg.kind === "transform" ? mentionsType(arg) : arg.kind === "field" && isTypeField(arg),
  );
}

function checkCodes(node: CheckNode, negated: boolean, space: Space): CodeSet {
  const equality = node.op === "=" || node.op === "==" || node.op === "!=" || node.op === "in";
  if (!equality || node.modifier) return space.all;
  if (node.left.kind === "transform" && mentionsType(node.left)) {
    throw new EventCodeError("event code search does not support `evt.type` checks with transformers");
  }
  if (!isTypeField(node.left)) return space.all;
  if (node.right.kind === "transform") {
    throw new EventCodeError(
      "right-hand field comparisons on `evt.type`/`syscall.type` checks are not supported by event code search",
    );
  }
  const values = node.right.kind === "list" ? node.right.values : [node.right];
  const codes = space.of(values.flatMap((v) => [...space.named(v.text)]));
  return (node.op === "!=") !== negated ? space.all.without(codes) : codes;
}

/**
 * Comparisons that say nothing about the type leave everything possible, also under `not`; negation is pushed down
 * to the leaves.
 */
function possible(node: ConditionNode, negated: boolean, space: Space): CodeSet {
  const cache = negated ? space.cache.negated : space.cache.plain;
  let codes = cache.get(node);
  if (!codes) {
    codes = compute(node, negated, space);
    cache.set(node, codes);
  }
  return codes;
}

function compute(node: ConditionNode, negated: boolean, space: Space): CodeSet {
  switch (node.kind) {
    case "and":
    case "or": {
      const sets = node.children.map((child) => possible(child, negated, space));
      return (node.kind === "and") !== negated
        ? sets.reduce((a, b) => a.intersect(b), space.all)
        : sets.reduce((a, b) => a.union(b), space.none);
    }
    case "not":
      return possible(node.child, !negated, space);
    case "exists":
      return isTypeField(node.left) && negated ? space.none : space.all;
    case "check":
      return checkCodes(node, negated, space);
    case "macro":
      return space.all;
  }
}

/** The event codes a condition can be true for, macros resolved. Throws EventCodeError. */
export const eventCodesOf = (node: ConditionNode): CodeSet => possible(node, false, EVENT_SPACE);

/** Names of all events a condition can be true for, those of generic system calls included. */
export function eventNamesOf(node: ConditionNode): Set<string> {
  const names = new Set<string>();
  for (const code of eventCodesOf(node)) if (code >= 2) names.add(EVENTS[code]!.name);
  for (const index of possible(node, false, GENERIC_SPACE)) names.add(SYSCALLS[index]!.name);
  return names;
}

isSeldom(possible, compute);
