import type { EventCursor } from "../../event/cursor.ts";
import { isSeldom } from "../../ffi/seldom.ts";
import { EVENT } from "../../schema/event-codes.ts";
import { cwdOf } from "../lookup.ts";
import { argsOf, cgroupsOf, textParam } from "../params.ts";
import type { State } from "../state.ts";
import { CLONE, Thread } from "../thread.ts";
import { addThread, linkThread, removeThread } from "../thread-table.ts";
import { learnContainer } from "./container.ts";
import { resultOf, type Update, type UpdateTable } from "./update.ts";

/** Parameters of clone, clone3, fork and vfork exits. */
const P = {
  exe: 1,
  args: 2,
  pid: 4,
  ptid: 5,
  fdLimit: 7,
  faultsMajor: 8,
  faultsMinor: 9,
  vmSize: 10,
  vmRss: 11,
  vmSwap: 12,
  comm: 13,
  cgroups: 14,
  flags: 15,
  uid: 16,
  gid: 17,
  vtid: 18,
  vpid: 19,
  pidnsStart: 20,
} as const;

/** An entry older than this is of an earlier thread with the same id, whose end was lost. */
const STALE_NS = 2_000_000_000;
const TWO_32 = 0x1_0000_0000;

/** The call returns twice: 0 in the child, the child's id in the caller. */
const clone: Update = (state, event) => {
  const result = resultOf(event);
  if (result === 0) childSide(state, event);
  else if (result > 0) callerSide(state, event, result);
  if (result >= 0 && state.thread) learnContainer(state, state.thread);
};

function callerSide(state: State, event: EventCursor, childTid: number): void {
  const caller = state.lookUp(event.tid, event);
  state.thread = caller;
  if (!caller) return;
  const wasValid = !caller.isInvalid;
  if (!wasValid) {
    caller.pid = event.int(P.pid, -1);
    caller.ptid = event.int(P.ptid, -1);
    setVirtualIds(caller, event);
    linkThread(state, caller);
  }
  if (childTellsItself(state, event, caller, childTid)) return;
  const existing = state.threads.get(childTid);
  if (existing && ((existing.flags & CLONE.INVERTED) !== 0 || isRead(state, existing, event))) return;
  if (existing) removeThread(state, childTid);

  const child = new Thread(childTid);
  child.flags = event.uint(P.flags, 0);
  if (isThread(child)) {
    child.pid = caller.pid;
    child.ptid = caller.ptid;
    child.flags |= CLONE.FILES;
  } else {
    child.pid = childTid;
    child.ptid = caller.tid;
    if (wasValid) copyProcess(state, caller, child);
  }
  child.vtid = child.tid;
  child.vpid = child.pid;
  setProgram(child, event);
  setNumbers(state, child, event);
  child.pidnsInitStart = state.bootTime;
  if (wasValid) inherit(caller, child);
  else setProgram(caller, event);
  addThread(state, child);
  if (existing) state.bind(event);
}

/**
 * Whether the child is left to its own event: in other pid namespaces its id is not known here; the child of
 * a vfork has long gone on, and may have ended; another that ended already must not come back.
 */
function childTellsItself(state: State, event: EventCursor, caller: Thread, childTid: number): boolean {
  const flags = event.uint(P.flags, 0);
  const elsewhere = CLONE.CHILD_IN_PIDNS | CLONE.NEWPID | CLONE.PARENT | CLONE.VFORK;
  return (
    (flags & elsewhere) !== 0 ||
    caller.tid !== caller.vtid ||
    event.code === EVENT.SYSCALL_VFORK_20_X ||
    state.recentExits.has(caller.tid, childTid, event.approximateTime)
  );
}

/** Nanoseconds from the thread's start to the event. */
const ageAt = (event: EventCursor, thread: Thread): number =>
  (event.timeHigh - thread.cloneTimeHigh) * TWO_32 + (event.timeLow - thread.cloneTimeLow);

/**
 * Whether this child was read from the system before its parent's event came, as happens to what starts while capture does: it may run another program
 * by then. Captures are taken as the reference takes them.
 */
const isRead = (state: State, child: Thread, event: EventCursor): boolean =>
  state.threadExists !== undefined && ageAt(event, child) < STALE_NS;

function childSide(state: State, event: EventCursor): void {
  const known = state.thread;
  let replaced = false;
  if (known && (known.cloneTimeHigh !== 0 || known.cloneTimeLow !== 0)) {
    if (ageAt(event, known) < STALE_NS) return;
    removeThread(state, event.tid);
    state.thread = undefined;
    replaced = true;
  }
  const child = new Thread(event.tid);
  child.pid = event.int(P.pid, -1);
  child.ptid = event.int(P.ptid, -1);
  setVirtualIds(child, event);
  child.flags = event.uint(P.flags, 0) | CLONE.INVERTED;
  if (isThread(child)) child.flags |= CLONE.FILES;
  // A process is a copy of its parent, a thread shares with its leader.
  const donor = state.lookUp(isThread(child) ? child.pid : child.ptid, event);
  if (!donor) {
    state.thread = undefined;
    return;
  }
  setProgram(child, event);
  if (donor.isInvalid) {
    if (isThread(child)) describeLeader(state, donor, child);
  } else {
    inherit(donor, child);
    if (!isThread(child)) copyProcess(state, donor, child);
  }
  setNumbers(state, child, event);
  child.pidnsInitStart = pidnsStart(state, child, event);
  state.thread = addThread(state, child) ? child : undefined;
  if (replaced) state.bind(event);
}

const isThread = (thread: Thread): boolean => (thread.flags & CLONE.THREAD) !== 0;

/** A leader of which nothing was known is described by its thread. */
function describeLeader(state: State, leader: Thread, thread: Thread): void {
  leader.pid = thread.pid;
  leader.ptid = thread.ptid;
  leader.vpid = thread.vpid;
  leader.vtid = thread.vpid;
  linkThread(state, leader);
  leader.exe = thread.exe;
  leader.comm = thread.comm;
  leader.args = thread.args;
}

function setVirtualIds(thread: Thread, event: EventCursor): void {
  const known = event.size(P.vpid) > 0;
  thread.vtid = known ? event.int(P.vtid, -1) : thread.tid;
  thread.vpid = known ? event.int(P.vpid, -1) : -1;
}

function setProgram(thread: Thread, event: EventCursor): void {
  thread.exe = textParam(event, P.exe);
  thread.comm = event.size(P.comm) > 0 ? textParam(event, P.comm) : thread.exe;
  thread.args = argsOf(event, P.args);
}

function setNumbers(state: State, thread: Thread, event: EventCursor): void {
  thread.fdLimit = event.int(P.fdLimit, -1);
  if (event.size(P.vmSwap) > 0) {
    thread.pageFaultsMajor = event.uint(P.faultsMajor, 0);
    thread.pageFaultsMinor = event.uint(P.faultsMinor, 0);
    thread.vmSize = event.uint(P.vmSize, 0);
    thread.vmRss = event.uint(P.vmRss, 0);
    thread.vmSwap = event.uint(P.vmSwap, 0);
  }
  thread.uid = event.uint(P.uid, 0);
  thread.gid = event.uint(P.gid, 0);
  state.accounts.learn("", thread.pid, thread.uid, thread.gid);
  if (event.size(P.cgroups) > 0) {
    thread.cgroups = cgroupsOf(event, P.cgroups) ?? thread.cgroups;
  }
  thread.cloneTimeLow = event.timeLow;
  thread.cloneTimeHigh = event.timeHigh;
  thread.lastSeen = event.approximateTime;
}

/** In a pid namespace the event tells when its init started, counted from boot; elsewhere it is boot itself. */
function pidnsStart(state: State, thread: Thread, event: EventCursor): bigint {
  const inNamespace =
    (thread.flags & (CLONE.CHILD_IN_PIDNS | CLONE.NEWPID)) !== 0 || thread.tid !== thread.vtid;
  if (!inNamespace) return state.bootTime;
  return event.size(P.pidnsStart) > 0 ? event.bigint(P.pidnsStart, false) + state.bootTime : 0n;
}

function inherit(from: Thread, to: Thread): void {
  to.exePath = from.exePath;
  to.program = from.program;
  to.root = from.root;
  to.sid = from.sid;
  to.vpgid = from.vpgid;
  to.pgid = from.pgid;
  to.tty = from.tty;
  to.loginUid = from.loginUid;
  to.changeToCloneLow = from.changeToCloneLow;
  to.changeToCloneHigh = from.changeToCloneHigh;
}

/** A new process starts with copies of its parent's descriptors, working directory and environment. */
function copyProcess(state: State, from: Thread, to: Thread): void {
  const table = from.descriptors;
  if (table) to.fds = table.copy();
  to.cwd = cwdOf(state, from);
  to.env = from.env;
}

isSeldom(clone, callerSide, childSide, childTellsItself, setProgram, setVirtualIds, setNumbers, pidnsStart);
isSeldom(ageAt, isThread, inherit, copyProcess);

export const cloneUpdates: UpdateTable = {
  [EVENT.SYSCALL_CLONE_20_X]: clone,
  [EVENT.SYSCALL_CLONE3_X]: clone,
  [EVENT.SYSCALL_FORK_20_X]: clone,
  [EVENT.SYSCALL_VFORK_20_X]: clone,
};
