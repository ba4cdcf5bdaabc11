import { type Atom, atomsOf, type Condition, isGroup, textsOf } from "../capture/ebpf/call-condition.ts";
import { MAX_KEPT_TEXTS } from "../capture/ebpf/path-condition.ts";
import { PLAIN_TEXT, TASK_COMM_LEN } from "../capture/ebpf/task-comm.ts";
import { HOST } from "../metadata/container.ts";
import type { BoundNode, TestNode } from "../rules/check/bind.ts";
import type { Test } from "../rules/check/test.ts";
import { type Approximation, approximate, join, type Verdict } from "./approximation.ts";
import { BareEvent } from "./bare-event.ts";
import { wantedKinds, withKindsJoined } from "./wanted-kinds.ts";
import { wantedPaths } from "./wanted-paths.ts";

/** More than these would cost more than recording some calls in vain. */
const MAX_ATOMS = 32;
const MAX_NAMES = 64;

/** Rough costs of telling, for the order in which it is done: nanoseconds. */
const COSTS: Readonly<Record<Atom["kind"], number>> = {
  place: 1,
  user: 1,
  program: 2,
  descriptor: 20,
  path: 50,
};

/**
 * What has to hold of an event's call for one of the conditions to be true, as far as the kernel can tell; undefined where that is nothing, or
 * no event can match. `code` is an exit event's; `known` answers tests that come to the same for all of its failed calls, where only these are
 * in question.
 */
export function wantedCalls(
  code: number,
  conditions: readonly BoundNode[],
  known: ((test: TestNode) => Verdict) | undefined,
  followsKinds: boolean,
): Condition | undefined {
  const event = new BareEvent(code, 0, 8);
  const leaf = (node: TestNode, negated: boolean): Approximation => {
    const { operand, test, quantifier } = node;
    const kinds = followsKinds ? wantedKinds(node, negated, code) : undefined;
    if (quantifier !== "one") return kinds ?? true;
    const name = operand.field?.name ?? "";
    const answer = OF_TYPE.has(name) && !operand.arg ? passesIn(node, event) : known?.(node);
    if (answer !== undefined) return answer !== negated;
    if (kinds !== undefined) return kinds;
    if (OF_CONTAINER.test(name)) return places(node, negated, event);
    const atom = ATOMS[name]?.(test, negated) ?? wantedPaths(node, negated, code, known !== undefined);
    return atom ?? true;
  };
  const all = join("any", conditions, (condition) => approximate(condition, leaf));
  if (typeof all === "boolean") return undefined;
  const wanted = withKindsJoined(all);
  if (atomsOf(wanted).length > MAX_ATOMS || textsOf(wanted).length > MAX_KEPT_TEXTS) return undefined;
  return cheapestFirst(wanted);
}

/** Fields that say the same of every event of a type. */
const OF_TYPE: ReadonlySet<string> = new Set(["evt.type", "evt.dir"]);

function passesIn({ operand, test }: TestNode, event: BareEvent): boolean {
  const value = operand.read(event.with(0), operand.arg);
  return value !== undefined && !isList(value) && test.passes(value);
}

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);

function cheapestFirst(condition: Condition): Condition {
  if (!isGroup(condition)) return condition;
  const parts = condition.parts.map(cheapestFirst);
  return { ...condition, parts: parts.sort((a, b) => costOf(a) - costOf(b)) };
}

const costOf = (condition: Condition): number =>
  atomsOf(condition).reduce((sum, { kind }) => sum + COSTS[kind], 0);

/** By field, what has to hold for a test to pass, or to fail; undefined where that can't be told. */
const ATOMS: Readonly<Record<string, (test: Test, negated: boolean) => Approximation | undefined>> = {
  "user.uid": users,
  "proc.name": programs,
};

/** Fields of the container that a process runs in; on the host they are all known. */
const OF_CONTAINER = /^container\.(?!start_ts$|duration$)|^k8s\.(pod|ns)\./;

/** What a container's field is, is not known; but its id is not the host's. */
function places(node: TestNode, negated: boolean, event: BareEvent): Approximation {
  const { operand, test } = node;
  const host = passesIn(node, event) !== negated;
  const isId = operand.field?.name === "container.id" && test.constants.every((c) => c === HOST.id);
  const equals =
    test.equals !== undefined ? false : test.operator === "!=" && !test.modifier ? true : undefined;
  const container = isId && equals !== undefined ? equals !== negated : true;
  if (host === container) return host;
  return { kind: "place", host, negated: false };
}

const LAST_UID = 0xffff_ffff;
const ORDERS: ReadonlySet<string> = new Set(["=", "==", "!=", "<", "<=", ">", ">=", "in", "intersects"]);

/** Comparisons with numbers come to the same between one of them and the next. */
function users(test: Test, negated: boolean): Approximation | undefined {
  const { constants, operator } = test;
  const isPlain = constants.every((c): c is number => typeof c === "number" && c >= 0 && c <= LAST_UID);
  if (!isPlain || !ORDERS.has(operator) || constants.length > MAX_NAMES) return undefined;
  const starts = [...new Set([0, ...constants.flatMap((c) => [c, c + 1])])].filter((n) => n <= LAST_UID);
  starts.sort((a, b) => a - b);
  const ranges = (passing: boolean): (readonly [number, number])[] => {
    const found: [number, number][] = [];
    for (const [i, start] of starts.entries()) {
      if (test.passes(start) !== passing) continue;
      const end = (starts[i + 1] ?? LAST_UID + 1) - 1;
      const last = found.at(-1);
      if (last && last[1] === start - 1) last[1] = end;
      else found.push([start, end]);
    }
    return found;
  };
  const [passing, failing] = [ranges(true), ranges(false)];
  if (failing.length === 0 || passing.length === 0) return (failing.length === 0) !== negated;
  // Whichever is shorter to say.
  return passing.length < failing.length || (passing.length === failing.length && isShort(passing))
    ? { kind: "user", ranges: passing, negated }
    : { kind: "user", ranges: failing, negated: !negated };
}

const isShort = ([first]: readonly (readonly [number, number])[]): boolean => first![0] === first![1];

/** Names that can't be mistaken for what stands for a missing one. */
const isPlainName = (text: string): boolean =>
  PLAIN_TEXT.test(text) && !["<NA>", "(NULL)"].some((odd) => odd.startsWith(text));

/** What cannot be a name, because it is too long, is left out. */
function programs(test: Test, negated: boolean): Approximation | undefined {
  const { operator, modifier, constants } = test;
  const texts = constants.filter((c) => typeof c === "string");
  if (texts.length !== constants.length || !texts.every(isPlainName) || texts.length > MAX_NAMES)
    return undefined;
  const short = texts.filter((text) => text.length < TASK_COMM_LEN);
  const isList = operator === "in" || operator === "intersects";
  const isEqual = operator === "=" || operator === "==" || operator === "!=";
  if (!(isList || (modifier === undefined && (isEqual || operator === "startswith")))) return undefined;
  const fails = negated !== (operator === "!=");
  if (short.length === 0) return fails;
  return operator === "startswith"
    ? { kind: "program", names: [], prefixes: short, negated: fails }
    : { kind: "program", names: short, prefixes: [], negated: fails };
}
