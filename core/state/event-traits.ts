import { EVENT } from "../schema/event-codes.ts";
import { EF, type EventInfo } from "../schema/event-row.ts";
import { EVENTS } from "../schema/events.ts";

/** How an event finds its thread. */
export const BINDING = {
  /** By id; unknown threads are looked up from the system, or entered as unknown. */
  ANY: 0,
  /** By id, in the table only: the thread may be dead or not yet be there. */
  KNOWN: 1,
  /** Like KNOWN, and nothing else of the event is looked at. */
  KNOWN_ONLY: 2,
  /** Not at all. */
  NONE: 3,
} as const;

const KNOWN: ReadonlySet<number> = new Set([
  EVENT.SYSCALL_CLONE_20_X,
  EVENT.SYSCALL_CLONE3_X,
  EVENT.SYSCALL_FORK_20_X,
  EVENT.SYSCALL_VFORK_20_X,
  EVENT.PROCEXIT_1_E,
]);
const KNOWN_ONLY: ReadonlySet<number> = new Set([EVENT.SCHEDSWITCH_6_E]);
const NONE: ReadonlySet<number> = new Set([
  EVENT.CONTAINER_JSON_E,
  EVENT.CONTAINER_JSON_2_E,
  EVENT.USER_ADDED_E,
  EVENT.USER_DELETED_E,
  EVENT.GROUP_ADDED_E,
  EVENT.GROUP_DELETED_E,
  EVENT.PLUGINEVENT_E,
  EVENT.ASYNCEVENT_E,
]);

function bindingOf({ code, flags }: EventInfo): number {
  if (NONE.has(code)) return BINDING.NONE;
  if (KNOWN_ONLY.has(code) || flags & EF.SKIPS_RESET) return BINDING.KNOWN_ONLY;
  return KNOWN.has(code) ? BINDING.KNOWN : BINDING.ANY;
}

/** The parameter that names the descriptor where it is not the first FD parameter behind the result. */
const FD_PARAM: Readonly<Partial<Record<number, number>>> = {
  [EVENT.SYSCALL_MMAP_X]: 8,
  [EVENT.SYSCALL_MMAP2_X]: 8,
  // The descriptor written to counts, not the one read from.
  [EVENT.SYSCALL_SPLICE_X]: 2,
  // These use a descriptor, but their layouts leave it out or keep it apart from the event's own.
  [EVENT.SYSCALL_SIGNALFD_X]: -1,
};

/** Index of the parameter that holds the descriptor an event uses; -1 when it uses none. */
function fdParamOf({ code, flags, params }: EventInfo): number {
  if (!(flags & EF.USES_FD)) return -1;
  const special = FD_PARAM[code];
  if (special !== undefined) return special;
  const isEnter = code % 2 === 0;
  return params.findIndex(({ type }, i) => type === "FD" && (isEnter || i > 0));
}

export const BINDINGS = Uint8Array.from(EVENTS, bindingOf);
export const FD_PARAMS = Int8Array.from(EVENTS, fdParamOf);
export const USES_FD = Uint8Array.from(EVENTS, ({ flags }) => (flags & EF.USES_FD ? 1 : 0));
/** Events that carry no activity of a thread: they don't start the clock of relative times. */
export const IS_META = Uint8Array.from(EVENTS, ({ origin }) => (origin === "METAEVENT" ? 1 : 0));
