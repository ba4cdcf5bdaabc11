import { EVENT } from "../schema/event-codes.ts";
import { EF } from "../schema/event-row.ts";
import { EVENTS } from "../schema/events.ts";
import { IGNORED_SYSCALLS } from "../schema/listing.ts";
import { SYSCALLS } from "../schema/syscalls.ts";

export interface BaseSyscalls {
  /** Names to watch beside those of rules; `!name` takes one out. */
  readonly custom_set: readonly string[];
  /** Add to the custom set, or to the rules', what state cannot do without. */
  readonly repair: boolean;
  /** Watch the reading and writing calls too, which are left out otherwise. */
  readonly all: boolean;
}

export interface SyscallSelection {
  /** Codes of the syscall table. */
  readonly codes: ReadonlySet<number>;
  /** Names of the configuration that no system call or event has. */
  readonly unknown: readonly string[];
}

/** Events of tracepoints, by the name that the tracepoint has among the system calls. */
export const TRACEPOINT_EVENTS = new Map(
  EVENTS.filter((e) => e.origin === "TRACEPOINT" && (e.flags & (EF.OLD_VERSION | EF.UNUSED)) === 0).flatMap(
    (e) => e.syscalls.map((name) => [name, e] as const),
  ),
);

const codesByName = new Map<string, number[]>();
for (const { code, name, exit } of SYSCALLS) {
  const event = EVENTS[EVENT[exit as keyof typeof EVENT] ?? -1] ?? TRACEPOINT_EVENTS.get(name);
  for (const key of new Set([name, ...(event && event.code !== EVENT.GENERIC_X ? [event.name] : [])])) {
    codesByName.set(key, [...(codesByName.get(key) ?? []), code]);
  }
}

const named = (names: readonly string[]): number[] => names.flatMap((name) => codesByName.get(name) ?? []);
const PROCESS_EXIT = named(["sched_process_exit"]);

const exitEvent = (exit: string): number => EVENT[exit as keyof typeof EVENT] ?? -1;

/** Calls that change what is known of processes and descriptors, and those that are never to be left out. */
const STATE: readonly number[] = SYSCALLS.filter(({ exit, flags }) => {
  const event = EVENTS[exitEvent(exit)];
  return flags.includes("N") || (event !== undefined && (event.flags & EF.MODIFIES_STATE) !== 0);
}).map(({ code }) => code);

const PROCESSES = named(
  "clone clone3 fork vfork execve execveat fchdir chdir chroot capset setgid setgid32 setpgid setresgid setresgid32 setresuid setresuid32 setsid setuid setuid32 prctl".split(
    " ",
  ),
);
const IGNORED = new Set(named(IGNORED_SYSCALLS));

/** What a selection needs beside itself so that processes, and the descriptors it touches, are known. */
function repair(selected: Iterable<number>): number[] {
  const events = [...selected].map((code) => EVENTS[exitEvent(SYSCALLS[code]!.exit)]);
  const names = new Set([...selected].map((code) => SYSCALLS[code]!.name));
  const some = (...categories: string[]): boolean =>
    events.some((e) => e !== undefined && categories.includes(e.category));
  return [
    ...PROCESSES,
    ...PROCESS_EXIT,
    ...(some("NET") ? named(["socket", "getsockopt", "close"]) : []),
    ...(["accept", "accept4", "listen"].some((name) => names.has(name)) ? named(["bind"]) : []),
    ...(some("FILE", "IO_READ", "IO_WRITE", "IO_OTHER") ? named(["close"]) : []),
  ];
}

/** A machine has up to millions a second of these: they are watched for rules that mean them, not for those that mean everything. */
const CROWDED: ReadonlySet<number> = new Set([EVENT.SCHEDSWITCH_6_E, EVENT.PAGE_FAULT_E]);
/** A rule that may be true for more events than this is warned of as matching too many types. */
const MANY_EVENTS = 100;

/**
 * System calls and tracepoints behind event codes; an event without a call of its own stands for all such calls. `rules` are the sets of events that
 * the codes come from.
 */
export function syscallsOfEvents(
  events: Iterable<number>,
  rules?: readonly { readonly codes: Iterable<number> }[],
): Set<number> {
  const wanted = new Set(events);
  const sets = rules ? rules.map(({ codes }) => [...codes]) : [[...wanted]];
  for (const code of CROWDED) {
    if (!sets.some((set) => set.length <= MANY_EVENTS && set.includes(code))) wanted.delete(code);
  }
  return new Set(
    SYSCALLS.filter(
      ({ name, exit, enter }) =>
        wanted.has(exitEvent(exit)) ||
        wanted.has(exitEvent(enter)) ||
        wanted.has(TRACEPOINT_EVENTS.get(name)?.code ?? -1),
    ).map((s) => s.code),
  );
}

/**
 * What to watch: the calls that rules name, and those that state needs (or the configuration asks for instead),
 * less what it takes out, less plain reading and writing unless asked for.
 */
export function selectSyscalls(rules: ReadonlySet<number>, base: BaseSyscalls): SyscallSelection {
  const plus = base.custom_set.filter((name) => !name.startsWith("!"));
  const minus = base.custom_set.filter((name) => name.startsWith("!")).map((name) => name.slice(1));
  const always = plus.length > 0 ? named(plus) : base.repair ? repair(rules) : STATE;
  const codes = new Set([...rules, ...always]);
  for (const code of named(minus)) codes.delete(code);
  if (!base.all) for (const code of IGNORED) codes.delete(code);
  if (base.repair && base.custom_set.length > 0) for (const code of repair(codes)) codes.add(code);
  for (const code of PROCESS_EXIT) codes.add(code);
  return { codes, unknown: [...plus, ...minus].filter((name) => !codesByName.has(name)) };
}

/** What of a selection the log should tell: names that nothing has, and events that rules match and that are not watched. */
export function selectionWarnings(
  rules: ReadonlySet<number>,
  { codes, unknown }: SyscallSelection,
): string[] {
  const missing = [...rules].filter((code) => !codes.has(code)).map(eventName);
  return [
    ...(unknown.length > 0
      ? [`Invalid syscall names: warning (base_syscalls override): ${unknown.join(", ")}`]
      : []),
    ...(missing.length > 0
      ? [
          `Loaded rules match events that are not watched: warning (unsupported-evttype): ${[...new Set(missing)].sort().join(", ")}. ` +
            "Reading and writing calls are watched with base_syscalls.all, others may have been taken out by base_syscalls.custom_set",
        ]
      : []),
  ];
}

/** Name of the event that a call or tracepoint gives; the call's own where the event is the general one. */
function eventName(code: number): string {
  const { name, exit } = SYSCALLS[code]!;
  const event = EVENTS[exitEvent(exit)] ?? TRACEPOINT_EVENTS.get(name);
  return event && event.code !== EVENT.GENERIC_X ? event.name : name;
}

/** Names of the calls, as people know them. */
export const syscallNames = (codes: Iterable<number>): string[] =>
  [...codes].map((code) => SYSCALLS[code]!.name);
