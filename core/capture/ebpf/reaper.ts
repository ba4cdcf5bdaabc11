import { type Label, R0, R1, R2, R9, R10 } from "./assembler.ts";
import type { Emitter, Value } from "./emitter.ts";
import { TaskValues } from "./task-values.ts";
import { int, member } from "./values.ts";

const PF_EXITING = 4;
const MAX_THREADS = 30;
const MAX_ANCESTORS = 60;
const UNKNOWN = -1;

/**
 * Thread that inherits the children of an ending task: 0 when it has none (or when all of its namespace ends with it),
 * −1 when it can't be told here and user space has to find it.
 *
 * As the kernel does it: a thread of the same process that lives on; else the nearest ancestor in the same pid namespace that declared itself
 * a subreaper; else the namespace's first process.
 */
export function reaper(task: Value): Value {
  return (k) =>
    k.temporary(32, (at) => {
      const { asm } = k;
      const end = asm.label("reaper");
      const load =
        (offset: number): Value =>
        (inner) =>
          inner.asm.load(8, R0, R10, offset);
      const [self, initTask, ancestor, level] = [at, at + 8, at + 16, at + 24];
      task(k);
      asm.store(8, R10, self, R0);
      k.branch(() => {
        hasChildren(k, load(self), end);
        aliveThread(k, load(self), end);
        const values = new TaskValues(load(self));
        member(values.pidNamespace, "pid_namespace", "child_reaper")(k);
        asm.store(8, R10, initTask, R0);
        asm.load(8, R1, R10, self);
        asm.mov(R2, R0);
        asm.mov(R0, 0);
        asm.jump("eq", R1, R2, end);
        const toInit = asm.label("to init");
        member(load(self), "task_struct", "signal.has_child_subreaper")(k);
        asm.jump("eq", R0, 0, toInit);
        member(load(self), "task_struct", "thread_pid.level")(k);
        asm.store(8, R10, level, R0);
        member(load(self), "task_struct", "real_parent")(k);
        asm.store(8, R10, ancestor, R0);
        climbAncestors(k, load(ancestor), { ancestor, initTask, level }, toInit, end);
        asm.mov(R0, UNKNOWN);
        asm.goto(end);
        asm.place(toInit);
        int(member(load(initTask), "task_struct", "pid"))(k);
      });
      asm.place(end);
    });
}

/** To `end` with R0 = 0 if the task has no children. */
function hasChildren(k: Emitter, task: Value, end: Label): void {
  const { asm, btf } = k;
  const some = asm.label("children");
  k.temporary(8, (at) => {
    task(k);
    asm.alu("add", R0, btf.path("task_struct", "children").offset);
    asm.store(8, R10, at, R0);
    member(task, "task_struct", "children.next")(k);
    asm.load(8, R1, R10, at);
    asm.jump("ne", R0, R1, some);
    asm.mov(R0, 0);
    asm.goto(end);
    asm.place(some);
  });
}

/** To `end` with R0 = a thread of the task's process that is not ending, or −1 if there are too many to look at; else goes on. */
function aliveThread(k: Emitter, task: Value, end: Label): void {
  const { asm, btf } = k;
  const inTask = btf.path("task_struct", "thread_node").offset;
  k.temporary(32, (at) => {
    const [head, node, thread, count] = [at, at + 8, at + 16, at + 24];
    const loop = asm.label("thread");
    const dying = asm.label("dying");
    const none = asm.label("no thread");
    const slot =
      (offset: number): Value =>
      (inner) =>
        inner.asm.load(8, R0, R10, offset);
    member(task, "task_struct", "signal")(k);
    asm.alu("add", R0, btf.path("signal_struct", "thread_head").offset);
    asm.store(8, R10, head, R0);
    member(task, "task_struct", "signal.thread_head.next")(k);
    asm.store(8, R10, node, R0);
    asm.store(8, R10, count, MAX_THREADS);
    asm.place(loop);
    asm.load(8, R0, R10, node);
    asm.jump("eq", R0, 0, none);
    asm.load(8, R1, R10, head);
    asm.jump("eq", R0, R1, none);
    asm.alu("sub", R0, inTask);
    asm.store(8, R10, thread, R0);
    k.follow(btf.path("task_struct", "flags"));
    asm.jump("set", R0, PF_EXITING, dying);
    int(member(slot(thread), "task_struct", "pid"))(k);
    asm.goto(end);
    asm.place(dying);
    member(slot(thread), "task_struct", "thread_node.next")(k);
    asm.store(8, R10, node, R0);
    asm.load(8, R1, R10, count);
    asm.alu("sub", R1, 1);
    asm.store(8, R10, count, R1);
    asm.jump("ne", R1, 0, loop);
    asm.mov(R0, UNKNOWN);
    asm.goto(end);
    asm.place(none);
  });
}

interface Slots {
  readonly ancestor: number;
  readonly initTask: number;
  readonly level: number;
}

/** To `end` with the nearest subreaper's living thread, or to `toInit` at the namespace's border; goes on when the tree is too high. */
function climbAncestors(k: Emitter, ancestor: Value, slots: Slots, toInit: Label, end: Label): void {
  const { asm } = k;
  const loop = asm.label("ancestor");
  const next = asm.label("next ancestor");
  asm.mov(R9, MAX_ANCESTORS);
  asm.place(loop);
  member(ancestor, "task_struct", "thread_pid.level")(k);
  asm.load(8, R1, R10, slots.level);
  asm.jump("ne", R0, R1, toInit);
  ancestor(k);
  asm.load(8, R1, R10, slots.initTask);
  asm.jump("eq", R0, R1, toInit);
  member(ancestor, "task_struct", "signal.is_child_subreaper")(k);
  asm.jump("eq", R0, 0, next);
  aliveThread(k, ancestor, end);
  asm.place(next);
  member(ancestor, "task_struct", "real_parent")(k);
  asm.store(8, R10, slots.ancestor, R0);
  asm.alu("sub", R9, 1);
  asm.jump("ne", R9, 0, loop);
}
