import type { ParameterFilter } from "../capture/ebpf/call-filter.ts";
import type { BoundNode, TestNode } from "../rules/check/bind.ts";
import type { Param, ParamType } from "../schema/event-row.ts";
import { EVENTS } from "../schema/events.ts";
import { mayHold } from "./approximation.ts";
import { BareEvent } from "./bare-event.ts";

/** Values tried for parameters that number something, and bits tried for those that are made of bits; others pass. */
const NUMBERS = 256;
const MAX_BITS = 12;
/** More values than these are not worth telling apart. */
const MAX_VALUES = 16;

const BYTES: Readonly<Partial<Record<ParamType, 1 | 2 | 4>>> = {
  SIGTYPE: 1,
  FLAGS8: 1,
  FLAGS16: 2,
  FLAGS32: 4,
  ENUMFLAGS8: 1,
  ENUMFLAGS16: 2,
  ENUMFLAGS32: 4,
  MODE: 4,
};

/**
 * What rules want of the flags and numbers that an event carries: for each such parameter the values without which no condition can be true.
 * Every value of a bounded domain is tried, with all that the conditions ask beside it left open; open means yes, and what lies outside
 * of the domain passes. `code` is an exit event's.
 */
export function wantedParameters(code: number, conditions: readonly BoundNode[]): ParameterFilter[] {
  if (conditions.length === 0) return [];
  return EVENTS[code]!.params.flatMap((_, index) => wantedValues(code, index, conditions) ?? []);
}

/** Undefined where nothing can be told. */
function wantedValues(
  code: number,
  index: number,
  conditions: readonly BoundNode[],
): ParameterFilter | undefined {
  const { params } = EVENTS[code]!;
  const param = params[index]!;
  const size = BYTES[param.type];
  const domain = domainOf(param);
  if (size === undefined || domain === 0) return undefined;
  const event = new BareEvent(code, index, size);
  let value = 0;
  const answers = new Map<TestNode, boolean>();
  const answer = (node: TestNode): boolean | undefined => {
    const { operand, test, quantifier } = node;
    if (!isKnown(node, params, index) || quantifier !== "one") return undefined;
    const known = answers.get(node);
    if (known !== undefined) return known;
    const read = operand.read(event.with(value), operand.arg);
    const passes = read !== undefined && !isList(read) && test.passes(read);
    answers.set(node, passes);
    return passes;
  };
  const passing: number[] = [];
  let tried = 0;
  // Each subset of the domain's bits once.
  do {
    tried++;
    answers.clear();
    if (conditions.some((condition) => mayHold(condition, answer))) passing.push(value);
    if (passing.length > MAX_VALUES && passing[0] === 0) return undefined;
    value = (value - domain) & domain;
  } while (value !== 0);
  if (passing.length === tried) return undefined;
  if (passing.length <= MAX_VALUES) return { name: param.name, domain, values: passing };
  const anyOf = commonBits(passing, domain);
  return anyOf === undefined ? undefined : { name: param.name, domain, anyOf };
}

/** Whether a test looks at that parameter alone, at one that the event doesn't have, or at what all events of a type share. */
function isKnown({ operand }: TestNode, params: readonly Param[], index: number): boolean {
  const { field, arg } = operand;
  if (field?.name === "evt.type" || field?.name === "evt.dir") return arg === undefined;
  if ((field?.name !== "evt.arg" && field?.name !== "evt.rawarg") || arg === undefined) return false;
  const at = arg.index ?? params.findIndex(({ name }) => name === arg.text);
  return at === index || at < 0;
}

/** Bits whose combinations are tried. */
function domainOf({ type, flags = [] }: Param): number {
  if (type.startsWith("ENUM") || type === "SIGTYPE") return NUMBERS - 1;
  const named = flags.reduce((bits, [, value]) => bits | value, 0);
  return bitsOf(named).length <= MAX_BITS ? named : 0;
}

const bitsOf = (mask: number): number[] =>
  Array.from({ length: 31 }, (_, i) => 1 << i).filter((bit) => (mask & bit) !== 0);

/** The fewest bits of which every value has one; undefined when one value has none at all. */
function commonBits(values: readonly number[], domain: number): number | undefined {
  if (values.includes(0)) return undefined;
  let mask = domain;
  for (const bit of bitsOf(domain)) {
    const without = mask & ~bit;
    if (values.every((value) => (value & without) !== 0)) mask = without;
  }
  return mask;
}

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);
