import { type Condition, isGroup } from "../capture/ebpf/call-condition.ts";
import type { DescriptorAtom } from "../capture/ebpf/fd-facts.ts";
import { ALL_KINDS, INET, KINDS } from "../capture/ebpf/fd-kinds.ts";
import type { TestNode } from "../rules/check/bind.ts";
import { readerOf, usesCandidates, valueTest } from "../rules/compile/quantify.ts";
import { EVENT } from "../schema/event-codes.ts";
import { EVENTS } from "../schema/events.ts";
import { FD_PARAMS } from "../state/event-traits.ts";
import { Fd } from "../state/fd.ts";
import type { Approximation } from "./approximation.ts";
import { BareEvent } from "./bare-event.ts";

/** Fields that say the same of all descriptors of a kind. */
const OF_KIND: ReadonlySet<string> = new Set(["fd.type", "fd.typechar", "fd.sockfamily"]);

/** Fields that do so for all that are no sockets of the network, since these have none of it. */
const OF_NETWORK: ReadonlySet<string> = new Set([
  "fd.l4proto",
  ...["ip", "net", "port"].flatMap((end) => ["", "c", "s", "l", "r"].map((side) => `fd.${side}${end}`)),
  "fd.proto",
]);

/** Reading and writing, of which state learns no more than that a socket of the network is connected. */
export const TRANSFERS: ReadonlySet<number> = new Set([
  EVENT.SYSCALL_READ_X,
  EVENT.SYSCALL_READV_X,
  EVENT.SYSCALL_PREAD_X,
  EVENT.SYSCALL_PREADV_X,
  EVENT.SYSCALL_WRITE_X,
  EVENT.SYSCALL_WRITEV_X,
  EVENT.SYSCALL_PWRITE_X,
  EVENT.SYSCALL_PWRITEV_X,
]);

/** The parameter with the descriptor that an event is about, if it is about one from before. */
function parameterOf(code: number): string | undefined {
  return EVENTS[code]!.params[FD_PARAMS[code]!]?.name;
}

/**
 * What has to hold of the kind of an event's descriptor for a test to pass, or to fail; undefined where that can't be told. That state has none of it can never be
 * ruled out, so a test that passes then passes always.
 */
export function wantedKinds(node: TestNode, negated: boolean, code: number): Approximation | undefined {
  const { operand } = node;
  const name = operand.field?.name ?? "";
  const parameter = parameterOf(code);
  const isOfNetwork = OF_NETWORK.has(name);
  if (parameter === undefined || operand.arg || !(OF_KIND.has(name) || isOfNetwork)) return undefined;
  const event = new BareEvent(code, 0, 8);
  const read = readerOf(operand, usesCandidates(node));
  const passes = valueTest(node);
  const holds = (kind: number | undefined): boolean => {
    const context = event.with(0);
    context.state.fd = kind === undefined ? undefined : new Fd(kind);
    return passes(read(context)) !== negated;
  };
  if (holds(undefined)) return true;
  const passing = KINDS.filter(
    ({ bit, kinds }) => (isOfNetwork && (bit & INET) !== 0) || kinds.some(holds),
  ).reduce((all, { bit }) => all | bit, 0);
  if (passing === 0) return false;
  return passing === ALL_KINDS ? true : { kind: "descriptor", parameter, passing, negated: false };
}

/** With what state has to see of transfers, whatever the condition leaves out of them. */
export function orUnconnected(condition: Condition, code: number): Condition {
  const parts = isGroup(condition) && condition.kind === "any" ? condition.parts : [condition];
  const of = (part: Condition): part is DescriptorAtom => part.kind === "descriptor";
  const atom: DescriptorAtom = parts.find(of) ?? {
    kind: "descriptor",
    parameter: parameterOf(code)!,
    passing: 0,
    negated: false,
  };
  const all = (atom.passing & INET) === INET ? atom : { ...atom, orUnconnected: true as const };
  const others = parts.filter((part) => part !== atom);
  return others.length === 0 ? all : { kind: "any", parts: [...others, all] };
}

/** The same with what the parts of each group ask of the kind put together. */
export function withKindsJoined(condition: Condition): Condition {
  if (!isGroup(condition)) return condition;
  const { kind } = condition;
  const others: Condition[] = [];
  const kinds = new Map<string, number>();
  for (const part of condition.parts.map(withKindsJoined)) {
    if (part.kind !== "descriptor") {
      others.push(part);
      continue;
    }
    const before = kinds.get(part.parameter) ?? part.passing;
    kinds.set(part.parameter, kind === "any" ? before | part.passing : before & part.passing);
  }
  const atoms = [...kinds].map(
    ([parameter, passing]): DescriptorAtom => ({ kind: "descriptor", parameter, passing, negated: false }),
  );
  const parts = [...atoms, ...others];
  return parts.length === 1 ? parts[0]! : { kind, parts };
}
