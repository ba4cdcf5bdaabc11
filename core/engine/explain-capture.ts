import type { CallFilter, ParameterFilter } from "../capture/ebpf/call-filter.ts";
import { errnoName } from "../ffi/system-error.ts";
import { EVENT } from "../schema/event-codes.ts";
import { EVENTS } from "../schema/events.ts";
import { SIGNAL_NAMES } from "../schema/names.ts";
import { SYSCALLS } from "../schema/syscalls.ts";
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
everything pass. Not decided in the kernel: users, programs, containers and kinds of descriptors, because another thread may change them between
the call and its end, and what is known of them in order of events may differ; paths, because a relative one has to be resolved first, and
reading one there costs as much as recording the call.`;

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

function describe(event: number, { failures, only, parameters, exceptTcp }: CallFilter): string {
  const parts: string[] = [];
  if (failures?.length === 0) parts.push("failures");
  else if (failures) parts.push(`failures but ${failures.map(errnoName).join(", ")}`);
  if (only) parts.push(`argument ${only.argument + 1} other than ${only.values.join(", ")}`);
  for (const filter of parameters ?? []) parts.push(describeParameter(event, filter));
  if (exceptTcp) parts.push("TCP sockets");
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
