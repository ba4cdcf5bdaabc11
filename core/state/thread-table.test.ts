import { describe, expect, test } from "bun:test";
import { Simulation } from "../../tests/harness/simulate.ts";
import { CLONE, Thread } from "./thread.ts";
import { addThread, groupOf, removeThread } from "./thread-table.ts";

function thread(tid: number, pid: number): Thread {
  const made = new Thread(tid);
  made.pid = pid;
  made.ptid = 1;
  return made;
}

describe("groups of threads", () => {
  test("threads that come before their leader are in one group with it", () => {
    const { state } = new Simulation();
    for (const tid of [11, 12, 10]) addThread(state, thread(tid, 10));
    expect(state.liveThreads(10)).toBe(3);
    expect(groupOf(state, 10)?.leader?.tid).toBe(10);
    for (const tid of [10, 11, 12]) removeThread(state, tid);
    expect(state.liveThreads(10)).toBe(0);
    expect(state.threads.size).toBe(0);
    expect(state.headless.size).toBe(0);
  });

  test("a leader that is replaced keeps the group", () => {
    const { state } = new Simulation();
    for (const tid of [10, 11]) addThread(state, thread(tid, 10));
    const group = groupOf(state, 10);
    const next = thread(10, 10);
    addThread(state, next);
    expect(groupOf(state, 10)).toBe(group);
    expect(group?.leader).toBe(next);
    expect(state.liveThreads(10)).toBe(2);
  });
});

test("the thread looked up last is not found when it is removed or replaced", () => {
  const { state } = new Simulation();
  const [first, second] = [thread(10, 10), thread(10, 10)];
  addThread(state, first);
  expect(state.lookUp(10)).toBe(first);
  addThread(state, second);
  expect(state.lookUp(10)).toBe(second);
  removeThread(state, 10);
  expect(state.lookUp(10)?.isInvalid).toBe(true);
});

describe("what an exec tells of the program", () => {
  const file = {
    flags: 1,
    cap_inheritable: 1n,
    cap_permitted: 2n,
    cap_effective: 3n,
    exe_ino: 4n,
    exe_ino_ctime: (1n << 60n) + 7n,
    exe_ino_mtime: 6n,
  };

  test("is shared by those that run the same, and changed for one alone", () => {
    const sim = new Simulation();
    const [a, b] = [sim.process(10, "a", file), sim.process(20, "a", file)];
    expect(a.program).toBe(b.program);
    sim.emit("SYSCALL_CAPSET_X", 10, { res: 0, cap_inheritable: 0n, cap_permitted: 0n, cap_effective: 0n });
    expect([a.program.capEffective, b.program.capEffective]).toEqual([0n, 3n]);
    expect([a.exeCtime, b.exeCtime]).toEqual([file.exe_ino_ctime, file.exe_ino_ctime]);
  });

  test("stays as it was where the event is silent", () => {
    const sim = new Simulation();
    const a = sim.process(10, "a", file);
    sim.process(10, "b");
    expect([a.exeWritable, a.program.capPermitted, a.exeIno]).toEqual([true, 2n, 4n]);
  });

  test("the time from the file's change to the clone wraps around below zero", () => {
    const sim = new Simulation();
    sim.process(10, "a", file);
    for (const [child, change] of [
      [11, -5n],
      [12, 1n << 33n],
    ] as const) {
      const cloned = sim.fork(10, child);
      sim.process(child, "b", { ...file, exe_ino_ctime: cloned.cloneTime - change });
      expect(cloned.exeCtimeDurationCloneTs).toBe(BigInt.asUintN(64, change));
    }
    expect(sim.thread(11).flags & CLONE.THREAD).toBe(0);
  });
});
