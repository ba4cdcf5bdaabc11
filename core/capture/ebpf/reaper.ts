import { type Label, R0, R1, R2, R8, R9 } from "./assembler.ts";
import type { Cell, Emitter, Value } from "./emitter.ts";
import { TaskValues } from "./task-values.ts";
import { address, int, member } from "./values.ts";

const PF_EXITING = 4;
const MAX_THREADS = 16;
const MAX_ANCESTORS = 16;
const UNKNOWN = -1;

/**
 * Thread that inherits the children of an ending task: 0 when it has none (or when all of its namespace ends with it),
 * −1 when it can't be told here and user space has to find it.
 *
 * The offset register R8 serves as a counter: the event's parameters are all of fixed size. As the kernel does it: a thread of the same process that lives on; else the nearest ancestor in the same pid namespace that declared itself
 * a subreaper; else the namespace's first process.
 */
export function reaper(task: Value): Value {
  return (k) =>
    k.cells(4, (self, initTask, ancestor, level) => {
      const { asm } = k;
      const end = asm.label("reaper");
      const toInit = asm.label("to init");
      self.keep(k, task);
      k.branch(() => {
        hasChildren(k, self.value, end);
        aliveThread(k, self.value, end);
        initTask.keep(k, member(new TaskValues(self.value).pidNamespace, "pid_namespace", "child_reaper"));
        self.load(k, R1);
        asm.mov(R2, R0);
        asm.mov(R0, 0);
        asm.jump("eq", R1, R2, end);
        member(self.value, "task_struct", "signal.has_child_subreaper")(k);
        asm.jump("eq", R0, 0, toInit);
        level.keep(k, member(self.value, "task_struct", "thread_pid.level"));
        ancestor.keep(k, member(self.value, "task_struct", "real_parent"));
        climbAncestors(k, { ancestor, initTask, level }, toInit, end);
        asm.mov(R0, UNKNOWN);
        asm.goto(end);
        asm.place(toInit);
        int(member(initTask.value, "task_struct", "pid"))(k);
      });
      asm.place(end);
    });
}

/** To `end` with R0 = 0 if the task has no children. */
function hasChildren(k: Emitter, task: Value, end: Label): void {
  const { asm } = k;
  const some = asm.label("children");
  k.cells(1, (head) => {
    head.keep(k, address(task, "task_struct", "children"));
    member(task, "task_struct", "children.next")(k);
    head.load(k, R1);
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
  k.cells(3, (head, node, thread) => {
    const loop = asm.label("thread");
    const dying = asm.label("dying");
    const none = asm.label("no thread");
    head.keep(k, address(member(task, "task_struct", "signal"), "signal_struct", "thread_head"));
    node.keep(k, member(task, "task_struct", "signal.thread_head.next"));
    asm.mov(R8, MAX_THREADS);
    asm.place(loop);
    node.load(k, R0);
    asm.jump("eq", R0, 0, none);
    head.load(k, R1);
    asm.jump("eq", R0, R1, none);
    asm.alu("sub", R0, inTask);
    thread.store(k, R0);
    member(thread.value, "task_struct", "flags")(k);
    asm.jump("set", R0, PF_EXITING, dying);
    int(member(thread.value, "task_struct", "pid"))(k);
    asm.goto(end);
    asm.place(dying);
    node.keep(k, member(thread.value, "task_struct", "thread_node.next"));
    asm.alu("sub", R8, 1);
    asm.jump("ne", R8, 0, loop);
    asm.mov(R0, UNKNOWN);
    asm.goto(end);
    asm.place(none);
  });
}

interface Climb {
  readonly ancestor: Cell;
  readonly initTask: Cell;
  readonly level: Cell;
}

/** To `end` with the nearest subreaper's living thread, or to `toInit` at the namespace's border; goes on when the tree is too high. */
function climbAncestors(k: Emitter, { ancestor, initTask, level }: Climb, toInit: Label, end: Label): void {
  const { asm } = k;
  const loop = asm.label("ancestor");
  const next = asm.label("next ancestor");
  asm.mov(R9, MAX_ANCESTORS);
  asm.place(loop);
  member(ancestor.value, "task_struct", "thread_pid.level")(k);
  level.load(k, R1);
  asm.jump("ne", R0, R1, toInit);
  ancestor.load(k, R0);
  initTask.load(k, R1);
  asm.jump("eq", R0, R1, toInit);
  member(ancestor.value, "task_struct", "signal.is_child_subreaper")(k);
  asm.jump("eq", R0, 0, next);
  aliveThread(k, ancestor.value, end);
  asm.place(next);
  ancestor.keep(k, member(ancestor.value, "task_struct", "real_parent"));
  asm.alu("sub", R9, 1);
  asm.jump("ne", R9, 0, loop);
}
