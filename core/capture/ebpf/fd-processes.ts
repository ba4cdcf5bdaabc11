import { type Label, R0, R1, R2, R3, R4, R10 } from "./assembler.ts";
import type { Emitter, Value } from "./emitter.ts";
import { currentPid, forgetKinds, loadProcess, PROCESS, withKey } from "./fd-facts.ts";
import { HELPER } from "./helper.ts";
import { INTEREST } from "./interest.ts";
import { TaskValues } from "./task-values.ts";
import { currentTid } from "./thread-facts.ts";
import { int, member } from "./values.ts";

/** Goes on only while kinds are followed. */
function whileFollowing(k: Emitter, then: (end: Label) => void): void {
  const { asm } = k;
  const end = asm.label("not followed");
  asm.mapValue(R1, k.target.maps.interest, INTEREST.followsKinds);
  asm.load(4, R1, R1, 0);
  asm.jump("eq", R1, 0, end);
  then(end);
  asm.place(end);
}

const remove = (k: Emitter, pid: Value): void => withKey(k, pid, () => k.asm.call(HELPER.mapDelete));

/** A task is being made: of a process of its own as much is known as of the current one, once /proc has been read. */
export function startProcess(k: Emitter, task: Value): void {
  const { asm } = k;
  const child = new TaskValues(task);
  whileFollowing(k, (end) => {
    const unknown = asm.label("unknown");
    k.temporary(16, (at) => {
      child.tid(k);
      asm.store(8, R10, at, R0);
      child.pid(k);
      asm.load(8, R1, R10, at);
      asm.jump("ne", R0, R1, end);
      asm.mapValue(R1, k.target.maps.interest, INTEREST.scannedAt);
      asm.load(8, R1, R1, 0);
      asm.jump("eq", R1, 0, unknown);
      loadProcess(k, currentPid, unknown);
      asm.store(8, R10, at + 8, R0);
      const pid: Value = () => asm.load(8, R0, R10, at);
      withKey(k, pid, () => {
        asm.load(8, R3, R10, at + 8);
        asm.mov(R4, 0);
        asm.call(HELPER.mapUpdate);
      });
      loadProcess(k, pid, end);
      asm.load(4, R1, R0, PROCESS.changes);
      asm.store(4, R0, PROCESS.base, R1);
      asm.goto(end);
      asm.place(unknown);
      remove(k, pid);
    });
  });
}

/**
 * A record of clone has been handed over, from which state may have copied the parent's descriptors for a new process. Whatever has changed since
 * the process was made is not known of it.
 */
export function settleProcess(k: Emitter, child: Value, parent: Value): void {
  const { asm } = k;
  whileFollowing(k, (end) => {
    const orphan = asm.label("parent not followed");
    k.temporary(8, (at) => {
      loadProcess(k, child, end);
      asm.store(8, R10, at, R0);
      loadProcess(k, parent, orphan);
      asm.load(8, R2, R10, at);
      asm.load(4, R1, R0, PROCESS.changes);
      asm.load(4, R3, R2, PROCESS.base);
      asm.jump("eq", R1, R3, end);
      for (let i = PROCESS.kinds; i < PROCESS.size; i += 8) {
        const same = asm.label("same");
        asm.load(8, R1, R0, i);
        asm.load(8, R3, R2, i);
        asm.jump("eq", R1, R3, same);
        asm.store(8, R2, i, 0);
        asm.place(same);
      }
      asm.goto(end);
      asm.place(orphan);
      asm.load(8, R0, R10, at);
      forgetKinds(k);
    });
  });
}

/** A record that would have told of a process is lost. */
export const loseProcess = (k: Emitter, child: Value): void =>
  whileFollowing(k, (end) => {
    loadProcess(k, child, end);
    forgetKinds(k);
  });

/** The current task is ending, and its process with it when it was the last. */
export function endProcess(k: Emitter, task: Value): void {
  const { asm } = k;
  whileFollowing(k, (end) => {
    member(task, "task_struct", "signal.live.counter")(k);
    asm.alu32("mov", R0, R0);
    asm.jump("ne", R0, 0, end);
    remove(k, currentPid);
  });
}

type Use = (k: Emitter, child: Value, parent: Value) => void;

/** Calls `use` with the new process of a call that returned here, and the one that state takes it for a copy of. Threads have no entry of their own. */
export function ofChild(k: Emitter, task: Value, result: Value, use: Use): void {
  const { asm } = k;
  const parent = asm.label("parent");
  const end = asm.label("of child");
  result(k);
  asm.jump("slt", R0, 0, end);
  asm.jump("ne", R0, 0, parent);
  currentTid(k);
  k.temporary(8, (tid) => {
    asm.store(8, R10, tid, R0);
    currentPid(k);
    asm.load(8, R1, R10, tid);
    asm.jump("ne", R0, R1, end);
  });
  use(k, currentPid, int(member(task, "task_struct", "real_parent.tgid")));
  asm.goto(end);
  asm.place(parent);
  member(task, "task_struct", "thread_pid.level")(k);
  asm.jump("ne", R0, 0, end);
  use(k, result, currentPid);
  asm.place(end);
}

/** As `ofChild` for a task that the current one has made, if it is a process. */
export function ofForked(k: Emitter, tid: Value, pid: Value, use: Use): void {
  const { asm } = k;
  const thread = asm.label("thread");
  k.temporary(8, (at) => {
    tid(k);
    asm.store(8, R10, at, R0);
    pid(k);
    asm.load(8, R1, R10, at);
    asm.jump("ne", R0, R1, thread);
  });
  use(k, pid, currentPid);
  asm.place(thread);
}
