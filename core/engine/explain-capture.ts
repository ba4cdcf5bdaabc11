import type { CallFilter, ParameterFilter } from "../capture/ebpf/call-filter.ts";
import { errnoName } from "../ffi/system-error.ts";
import { EVENT } from "../schema/event-codes.ts";
import { EVENTS } from "../schema/events.ts";
import { SIGNAL_NAMES } from "../schema/names.ts";
import { SYSCALLS } from "../schema/syscalls.ts";
import { leftOutBy } from "./explain-condition.ts";
import { pushDown } from "./push-down.ts";
import type { Ruleset } from "./ruleset.ts";
import { type BaseSyscalls, selectSyscalls, syscallsOfEvents, TRACEPOINT_EVENTS } from "./selection.ts";

/** A line of what live capture watches. */
export interface CaptureRow {
  /** The system call or tracepoint. */
  readonly call: string;
  /** Rules that may be true for its events, by name. */
  readonly rules: readonly string[];
  /** Whether it is watched without any rule: for what is known of processes and descriptors, or by configuration. */
  readonly base: boolean;
  /** What the probe leaves out in the kernel; empty when nothing. */
  readonly filtered: string;
}

/** What the rows don't say. */
export const EXPLANATION = `A call is left out only where neither rules nor what is known of processes and descriptors could tell the difference: one that
succeeds and opens, moves or closes a descriptor, or changes a process, always passes. Rules that count events (evt.num, evt.deltatime, …) let
everything pass. Users, programs and whether a process runs in a container are those that events have told of, as rules see them; of a thread that
was not heard of yet, and one in a control group that was not there a few seconds ago, all calls pass. Paths are those of the event; where rules see
them made absolute or plain, relative ones and those with "//", "/." or a slash at the end pass. Kinds of descriptors are those that the events which
made them told of (or /proc, of processes that were there before), not what the kernel has: descriptors also come from where no event tells of them
(other processes, io_uring), and rules don't see those either. Of one that nothing was heard of, and of numbers from 128 on, all calls pass. Whether
a socket talks IPv4 or IPv6 is told of those that can only talk IPv4. What is not a kind, and what a descriptor of which nothing is known passes as
well ("not fd.type = file"), can't be told. Where kinds are told, each call that makes a descriptor costs a little more.`;

/** What live capture with these rules watches, in the order of the calls' names, and what of it never leaves the kernel. */
export function explainCapture(ruleset: Ruleset, base: BaseSyscalls): CaptureRow[] {
  const rules = ruleset.rules.filter(({ definition }) => definition.source === "syscall");
  const { codes } = selectSyscalls(syscallsOfEvents(ruleset.codes("syscall"), rules), base);
  const filters = pushDown(codes, rules);
  return [...codes]
    .map((code) => {
      const { name, exit } = SYSCALLS[code]!;
      const event = EVENT[exit as keyof typeof EVENT] ?? TRACEPOINT_EVENTS.get(name)?.code ?? -1;
      const wanting = rules.filter((rule) => [...rule.codes].includes(event)).map((rule) => rule.name);
      return {
        call: name,
        rules: wanting,
        base: wanting.length === 0,
        filtered: describe(event, filters.get(code) ?? {}),
      };
    })
    .sort((a, b) => a.call.localeCompare(b.call));
}

function describe(event: number, { failures, only, parameters, exceptTcp, wanted }: CallFilter): string {
  const parts: string[] = [];
  if (failures?.length === 0) parts.push("failures");
  else if (failures) parts.push(`failures but ${failures.map(errnoName).join(", ")}`);
  if (only) parts.push(`argument ${only.argument + 1} other than ${only.values.join(", ")}`);
  for (const filter of parameters ?? []) parts.push(describeParameter(event, filter));
  if (exceptTcp) parts.push("TCP sockets");
  if (wanted) {
    const { butErrors, condition, of } = wanted;
    const but = butErrors.length === 0 ? "" : ` but ${butErrors.map(errnoName).join(", ")}`;
    for (const text of leftOutBy(condition)) parts.push(of === "all" ? text : `failures${but} of ${text}`);
  }
  return parts.join("; ");
}

/** As `mode without S_ISUID or S_ISGID`, or `sig other than SIGKILL`. */
function describeParameter(event: number, { name, values, anyOf = 0 }: ParameterFilter): string {
  const { flags = [], type } = EVENTS[event]!.params.find((param) => param.name === name)!;
  const table = type === "SIGTYPE" ? [...SIGNAL_NAMES].map(([value, text]) => [text, value] as const) : flags;
  if (!values)
    return `${name} without ${table
      .filter(([, value]) => value !== 0 && (value & anyOf) === value)
      .map(([text]) => text)
      .join(" or ")}`;
  const names = values.map((value) => table.find(([, one]) => one === value)?.[0] ?? String(value));
  return values.length === 0 ? "all" : `${name} other than ${names.join(", ")}`;
}
