import { atomsOf } from "../capture/ebpf/call-condition.ts";
import { type CallFilter, LAST_ERRNO, type WantedCalls } from "../capture/ebpf/call-filter.ts";
import { FD_LESSONS } from "../capture/ebpf/fd-lessons.ts";
import type { EventId } from "../capture/ebpf/program.ts";
import type { BoundNode } from "../rules/check/bind.ts";
import { EVENT } from "../schema/event-codes.ts";
import { HAS_RESULT } from "../schema/has-result.ts";
import { SYSCALLS } from "../schema/syscalls.ts";
import { UPDATES } from "../state/update/all.ts";
import { FailureVerdicts } from "./failure-verdict.ts";
import { wantedParameters } from "./parameter-verdict.ts";
import { wantedCalls } from "./wanted-calls.ts";
import { orUnconnected, TRANSFERS } from "./wanted-kinds.ts";

/** What push-down needs of a rule. */
export interface WantingRule {
  readonly condition: BoundNode;
  /** Codes of the events it can be true for. */
  readonly codes: Iterable<number>;
}

const EINPROGRESS = 115;

/** Events that state learns from even where the call failed: the errors, or all of them. */
const STATE_WANTS: Readonly<Partial<Record<number, readonly number[] | "all">>> = {
  // A connection under way.
  [EVENT.SOCKET_CONNECT_X]: [EINPROGRESS],
  // These enter descriptors that never were, as the reference does.
  [EVENT.SYSCALL_MEMFD_CREATE_X]: "all",
  [EVENT.SYSCALL_PIDFD_GETFD_X]: "all",
  // Sizes of the process go along.
  [EVENT.SYSCALL_BRK_4_X]: "all",
  [EVENT.SYSCALL_MMAP_X]: "all",
  [EVENT.SYSCALL_MMAP2_X]: "all",
  [EVENT.SYSCALL_MUNMAP_X]: "all",
};

const F_DUPFD = 0;
/** Whether a descriptor outlives execve is part of its open flags. */
const F_SETFD = 2;
const F_DUPFD_CLOEXEC = 1030;
const PR_SET_NAME = 15;
const PR_SET_CHILD_SUBREAPER = 36;
const PR_GET_CHILD_SUBREAPER = 37;
const SO_ERROR = 4;
const RLIMIT_NOFILE = 7;

/** Where state alone asks for a call: the values of an argument that it learns something from. */
const STATE_ONLY: Readonly<Partial<Record<number, CallFilter["only"]>>> = {
  [EVENT.SYSCALL_FCNTL_X]: { argument: 1, values: [F_DUPFD, F_SETFD, F_DUPFD_CLOEXEC] },
  [EVENT.SYSCALL_PRCTL_X]: {
    argument: 0,
    values: [PR_SET_NAME, PR_SET_CHILD_SUBREAPER, PR_GET_CHILD_SUBREAPER],
  },
  [EVENT.SOCKET_GETSOCKOPT_X]: { argument: 2, values: [SO_ERROR] },
  [EVENT.SYSCALL_SETRLIMIT_X]: { argument: 0, values: [RLIMIT_NOFILE] },
  [EVENT.SYSCALL_PRLIMIT_X]: { argument: 1, values: [RLIMIT_NOFILE] },
};

/** Fields about the events before: leaving some out would change them. */
const HISTORY = /^(evt\.(num|delta|latency|wait|reltime)|thread\.(exec|tot))/;

function readsHistory(node: BoundNode): boolean {
  switch (node.kind) {
    case "and":
    case "or":
      return node.children.some(readsHistory);
    case "not":
      return readsHistory(node.child);
    case "pair":
      return HISTORY.test(node.left.key) || HISTORY.test(node.right.key);
    default:
      return HISTORY.test(node.operand.key);
  }
}

/** Where state alone asks for these, it is for the ends of datagram sockets; those of TCP are known from connect, accept and /proc. */
const DATAGRAMS: ReadonlySet<number> = new Set([
  EVENT.SOCKET_SENDTO_X,
  EVENT.SOCKET_SENDMSG_X,
  EVENT.SOCKET_SENDMMSG_X,
  EVENT.SOCKET_RECVFROM_X,
  EVENT.SOCKET_RECVMSG_X,
  EVENT.SOCKET_RECVMMSG_X,
]);

const exitOf = (code: number): number => EVENT[SYSCALLS[code]!.exit as keyof typeof EVENT] ?? -1;

/** Kinds of descriptors are followed from process to process. */
const NEW_PROCESSES: ReadonlySet<number> = new Set(
  SYSCALLS.filter(({ name }) => /^(clone3?|v?fork)$/.test(name)).map(({ code }) => code),
);

/** What rules and state want of each call of `traced` (codes of the syscall table) that they don't want in full. Leaves out only what neither can tell from never having happened. */
export function pushDown(
  traced: Iterable<number>,
  rules: readonly WantingRule[],
): ReadonlyMap<number, CallFilter> {
  const filters = new Map<number, CallFilter>();
  if (rules.some(({ condition }) => readsHistory(condition))) return filters;
  const byEvent = new Map<number, BoundNode[]>();
  for (const { codes, condition } of rules) {
    for (const event of codes) byEvent.set(event, [...(byEvent.get(event) ?? []), condition]);
  }
  const calls = new Set(traced);
  const followsKinds = [...NEW_PROCESSES].every((code) => calls.has(code));
  const known = new Map<number, CallFilter | undefined>();
  for (const code of calls) {
    const event = exitOf(code);
    if (event < 0 || event === EVENT.GENERIC_X) continue;
    if (!known.has(event)) known.set(event, filterOf(event, byEvent.get(event) ?? [], followsKinds));
    const filter = known.get(event);
    if (filter) filters.set(code, filter);
  }
  if ([...filters.values()].some(asksForKinds)) follow(calls, filters);
  return filters;
}

const asksForKinds = ({ wanted }: CallFilter): boolean =>
  wanted !== undefined && atomsOf(wanted.condition).some(({ kind }) => kind === "descriptor");

/** Has the probe follow what calls make of descriptors. */
function follow(calls: Iterable<number>, filters: Map<number, CallFilter>): void {
  for (const code of calls) {
    if (FD_LESSONS[SYSCALLS[code]!.exit as EventId])
      filters.set(code, { ...filters.get(code), follows: true });
  }
}

function filterOf(
  event: number,
  conditions: readonly BoundNode[],
  followsKinds: boolean,
): CallFilter | undefined {
  const verdicts = new FailureVerdicts(event, LAST_ERRNO);
  const failures = failuresOf(event, conditions, verdicts);
  const forState = conditions.length === 0;
  const only = forState ? STATE_ONLY[event] : undefined;
  const exceptTcp = forState && DATAGRAMS.has(event);
  // What succeeded may be what state has to learn, whatever rules want of it.
  const parameters = UPDATES[event] ? [] : wantedParameters(event, conditions);
  const wanted =
    (followsKinds ? wantedTransfers(event, conditions) : undefined) ??
    (UPDATES[event]
      ? wantedFailures(event, conditions, verdicts, failures)
      : wantedOf(event, conditions, followsKinds));
  if (!failures && !only && !exceptTcp && !wanted && parameters.length === 0) return undefined;
  return {
    ...(failures ? { failures } : {}),
    ...(only ? { only } : {}),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(wanted ? { wanted } : {}),
    ...(exceptTcp ? { exceptTcp } : {}),
  };
}

/** What has to hold of reading and writing, and of what state learns from it. */
function wantedTransfers(event: number, conditions: readonly BoundNode[]): WantedCalls | undefined {
  if (!TRANSFERS.has(event)) return undefined;
  const condition = wantedCalls(event, conditions, undefined, true);
  return condition && { condition: orUnconnected(condition, event), of: "all", butErrors: [] };
}

/** What has to hold of calls that state learns nothing from. */
function wantedOf(
  event: number,
  conditions: readonly BoundNode[],
  followsKinds: boolean,
): WantedCalls | undefined {
  const condition = wantedCalls(event, conditions, undefined, followsKinds);
  return condition && { condition, of: "all", butErrors: [] };
}

/** What has to hold of failed calls where state learns from others. Following kinds of descriptors would cost more than it saves. */
function wantedFailures(
  event: number,
  conditions: readonly BoundNode[],
  verdicts: FailureVerdicts,
  passing: readonly number[] | undefined,
): WantedCalls | undefined {
  const butErrors = STATE_WANTS[event] ?? [];
  if (butErrors === "all" || HAS_RESULT[event] !== 1) return undefined;
  // Failures that are all left out, or pass anyway, need no condition.
  if (passing?.every((errno) => butErrors.includes(errno))) return undefined;
  const condition = wantedCalls(event, conditions, verdicts.overall, false);
  return condition && { condition, of: "failed", butErrors };
}

function failuresOf(
  event: number,
  conditions: readonly BoundNode[],
  verdicts: FailureVerdicts,
): readonly number[] | undefined {
  const ofState = STATE_WANTS[event] ?? [];
  if (ofState === "all") return undefined;
  const ofRules = verdicts.wanted(conditions);
  return ofRules && [...new Set([...ofRules, ...ofState])].sort((a, b) => a - b);
}
