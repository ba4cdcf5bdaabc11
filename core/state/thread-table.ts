import { isSeldom } from "../ffi/seldom.ts";
import { addChild, removeChild } from "./children.ts";
import type { State } from "./state.ts";
import { type Thread, UNSET_ID } from "./thread.ts";
import { ThreadGroup } from "./thread-group.ts";

/** Adds the thread, replacing one of the same id. False when the table is full. */
export function addThread(state: State, thread: Thread, link = true): boolean {
  if (state.threads.size >= state.limits.threads && thread.pid !== state.ownPid) {
    state.counters.threadsDropped++;
    return false;
  }
  const replaced = state.threads.get(thread.tid);
  if (replaced && replaced !== thread) unlink(state, replaced);
  state.threads.set(thread.tid, thread);
  if (link) linkThread(state, thread);
  return true;
}

/**
 * Puts the thread into its process's group and below its parent. A parent that is not known makes `ptid` 0.
 * Threads of which only the id is known get neither.
 */
export function linkThread(state: State, thread: Thread): void {
  if (thread.isInvalid || thread.group) return;
  let group = groupOf(state, thread.pid);
  if (!group) {
    group = new ThreadGroup(thread.pid, thread.pid === 1 || thread.vpid === 1);
    if (thread.tid !== thread.pid) state.headless.set(thread.pid, group);
  }
  group.add(thread);
  thread.group = group;
  if (thread.pid === 1) return;
  const parent = state.threads.get(thread.ptid);
  if (parent && !parent.isInvalid && parent !== thread) addChild(parent, thread);
  else thread.ptid = 0;
}

/** The threads of a process: its first one has them while it is there. */
export function groupOf(state: State, pid: number): ThreadGroup | undefined {
  const group = state.threads.get(pid)?.group;
  return group && group.pid === pid ? group : state.headless.get(pid);
}

/** A thread that is known to exist, and nothing else of it. */
export function asUnknown(thread: Thread): Thread {
  thread.comm = "<NA>";
  thread.exe = "<NA>";
  thread.uid = UNSET_ID;
  thread.gid = UNSET_ID;
  return thread;
}

/**
 * Removes a thread that has ended: its children go to a reaper; a leader stays until its last thread goes.
 */
export function removeThread(state: State, tid: number): void {
  const thread = state.threads.get(tid);
  if (!thread) return;
  const { group } = thread;
  if (thread.isInvalid || !group) {
    unlink(state, thread);
    return;
  }
  markDead(thread);
  if (thread.firstChild) reparent(state, thread);
  if (group.alive <= 0) {
    if (group.leader) unlink(state, group.leader);
    if (state.headless.size > 0) state.headless.delete(group.pid);
  }
  if (!thread.isLeader) unlink(state, thread);
}

export function markDead(thread: Thread): void {
  if (thread.dead) return;
  if (thread.group) thread.group.alive--;
  thread.dead = true;
}

function unlink(state: State, thread: Thread): void {
  if (state.recent === thread) state.recent = undefined;
  removeChild(thread);
  while (thread.firstChild) removeChild(thread.firstChild);
  const { group } = thread;
  if (group) {
    markDead(thread);
    group.remove(thread);
    thread.group = undefined;
    if (group.isEmpty) {
      if (state.headless.get(group.pid) === group) state.headless.delete(group.pid);
    } else if (thread.tid === group.pid) state.headless.set(group.pid, group);
  }
  if (state.threads.get(thread.tid) === thread) state.threads.delete(thread.tid);
}

function reparent(state: State, thread: Thread): void {
  const named = thread.reaperTid > 0 ? state.lookUp(thread.reaperTid) : undefined;
  const reaper = named && !named.isInvalid ? named : findReaper(state, thread);
  if (reaper && reaper !== thread) {
    thread.reaperTid = reaper.tid;
    if (reaper.pid !== thread.pid && reaper.group) reaper.group.reaper = true;
  }
  for (let child = thread.firstChild; child; child = thread.firstChild) {
    removeChild(child);
    if (reaper && reaper !== thread && child !== reaper) {
      child.ptid = reaper.tid;
      addChild(reaper, child);
    } else {
      child.ptid = 0;
    }
  }
}

/** As the kernel does: another thread of the process, else the nearest ancestor that takes orphans. */
function findReaper(state: State, thread: Thread): Thread | undefined {
  const sibling = thread.group?.survivor(thread);
  if (sibling) return sibling;
  const seen = new Set<number>([thread.tid]);
  for (let at = state.threads.get(thread.ptid); at; at = state.threads.get(at.ptid)) {
    if (seen.has(at.tid) || at.inPidNamespace !== thread.inPidNamespace) return undefined;
    seen.add(at.tid);
    if (at.group?.reaper && at.group.alive > 0) {
      const survivor = at.group.survivor();
      if (survivor) return survivor;
    }
  }
  return undefined;
}

isSeldom(addThread, linkThread, groupOf, markDead, removeThread, unlink, reparent, findReaper);
