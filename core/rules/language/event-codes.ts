import { EVENTS } from "../../schema/events.ts";
import { SYSCALLS } from "../../schema/syscalls.ts";
import type { CheckNode, ConditionNode, FieldNode, TransformNode } from "./ast.ts";

const WORDS = Math.ceil(EVENTS.length / 32);

/** A set of event codes as bits. */
export class CodeSet {
  readonly #words: Uint32Array;

  private constructor(words: Uint32Array) {
    this.#words = words;
  }

  static none(): CodeSet {
    return new CodeSet(new Uint32Array(WORDS));
  }

  static all(): CodeSet {
    return CodeSet.of(EVENTS.keys());
  }

  static of(codes: Iterable<number>): CodeSet {
    const words = new Uint32Array(WORDS);
    for (const code of codes) words[code >>> 5]! |= 1 << (code & 31);
    return new CodeSet(words);
  }

  #with(other: CodeSet, combine: (a: number, b: number) => number): CodeSet {
    return new CodeSet(this.#words.map((word, i) => combine(word, other.#words[i]!)));
  }

  union(other: CodeSet): CodeSet {
    return this.#with(other, (a, b) => a | b);
  }
  intersect(other: CodeSet): CodeSet {
    return this.#with(other, (a, b) => a & b);
  }
  complement(): CodeSet {
    return ALL.#with(this, (a, b) => a & ~b);
  }
  has(code: number): boolean {
    return (this.#words[code >>> 5]! & (1 << (code & 31))) !== 0;
  }
  get size(): number {
    let count = 0;
    for (let word of this.#words) for (; word !== 0; word &= word - 1) count++;
    return count;
  }
  *[Symbol.iterator](): Generator<number> {
    for (let code = 0; code < EVENTS.length; code++) if (this.has(code)) yield code;
  }
}

const ALL = CodeSet.all();
const SYSCALL_NAMES = new Set(SYSCALLS.map((s) => s.name));
const CODES_BY_NAME = new Map<string, number[]>();
for (const { code, name } of EVENTS) {
  // Codes 0 and 1 are the generic pair for syscalls without an event of their own.
  if (code < 2) continue;
  const codes = CODES_BY_NAME.get(name);
  if (codes) codes.push(code);
  else CODES_BY_NAME.set(name, [code]);
}

/** Whether `evt.type` can ever have this value (names of plugins' async events aside). */
export const isEventName = (name: string): boolean =>
  CODES_BY_NAME.has(name) || SYSCALL_NAMES.has(name) || name === EVENTS[0]!.name;

function codesOf(names: Iterable<string>): CodeSet {
  const codes: number[] = [];
  for (const name of names) {
    const own = CODES_BY_NAME.get(name);
    if (own) codes.push(...own);
    else if (SYSCALL_NAMES.has(name)) codes.push(0, 1);
  }
  return CodeSet.of(codes);
}

/** Names of the events with these codes, for `describe`. Generic and unused ones stand for themselves. */
export const namesOf = (codes: CodeSet): string[] => [
  ...new Set(Array.from(codes, (code) => EVENTS[code]!.name)),
];

/** A comparison of evt.type that no set of codes can be computed for. */
export class EventCodeError extends Error {}

const isTypeField = (node: FieldNode | TransformNode): boolean =>
  node.kind === "field" &&
  node.arg === undefined &&
  (node.name === "evt.type" || node.name === "syscall.type");

const literal = (text: string): bigint | undefined => (/^\d+$/.test(text) ? BigInt(text) : undefined);

/** `evt.num` starts at 1, so some comparisons with it are decided: false, true, or (undefined) open. */
function invariant(node: CheckNode): boolean | undefined {
  const { left, right, op } = node;
  if (node.modifier || left.kind !== "field" || left.name !== "evt.num" || left.arg !== undefined)
    return undefined;
  if (op === "in") {
    if (right.kind !== "list") return undefined;
    return right.values.every((v) => literal(v.text) === 0n) ? false : undefined;
  }
  const n = right.kind === "value" ? literal(right.text) : undefined;
  if (n === undefined) return undefined;
  if (op === "=" || op === "==" || op === "<=") return n === 0n ? false : undefined;
  if (op === "!=" || op === ">") return n === 0n ? true : undefined;
  if (op === "<") return n <= 1n ? false : undefined;
  if (op === ">=") return n <= 1n ? true : undefined;
  return undefined;
}

function mentionsType(node: TransformNode): boolean {
  return node.args.some((arg) =>
    arg.kind === "transform" ? mentionsType(arg) : arg.kind === "field" && isTypeField(arg),
  );
}

function checkCodes(node: CheckNode, negated: boolean): CodeSet {
  const decided = invariant(node);
  if (decided !== undefined) return decided !== negated ? ALL : CodeSet.none();
  const equality = node.op === "=" || node.op === "==" || node.op === "!=" || node.op === "in";
  if (!equality || node.modifier) return ALL;
  if (node.left.kind === "transform" && mentionsType(node.left)) {
    throw new EventCodeError("event code search does not support `evt.type` checks with transformers");
  }
  if (!isTypeField(node.left)) return ALL;
  if (node.right.kind === "transform") {
    throw new EventCodeError(
      "right-hand field comparisons on `evt.type`/`syscall.type` checks are not supported by event code search",
    );
  }
  const values = node.right.kind === "list" ? node.right.values : [node.right];
  const codes = codesOf(values.map((v) => v.text));
  return (node.op === "!=") !== negated ? codes.complement() : codes;
}

/**
 * The event codes a condition can be true for, macros resolved. Comparisons that say nothing about the type
 * leave every code possible, also under `not`; negation is pushed down to the leaves.
 */
export function eventCodesOf(node: ConditionNode, negated = false): CodeSet {
  const cache = negated ? negatedCodes : plainCodes;
  let codes = cache.get(node);
  if (!codes) {
    codes = computeCodes(node, negated);
    cache.set(node, codes);
  }
  return codes;
}

const plainCodes = new WeakMap<ConditionNode, CodeSet>();
const negatedCodes = new WeakMap<ConditionNode, CodeSet>();

function computeCodes(node: ConditionNode, negated: boolean): CodeSet {
  switch (node.kind) {
    case "and":
    case "or": {
      const sets = node.children.map((child) => eventCodesOf(child, negated));
      return (node.kind === "and") !== negated
        ? sets.reduce((a, b) => a.intersect(b), ALL)
        : sets.reduce((a, b) => a.union(b), CodeSet.none());
    }
    case "not":
      return eventCodesOf(node.child, !negated);
    case "exists":
      return isTypeField(node.left) && negated ? CodeSet.none() : ALL;
    case "check":
      return checkCodes(node, negated);
    case "macro":
      return ALL;
  }
}
