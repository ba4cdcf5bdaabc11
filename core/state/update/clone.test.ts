import { expect, test } from "bun:test";
import { Simulation } from "../../../tests/harness/simulate.ts";
import { threadSeed } from "../../../tests/harness/thread-seed.ts";
import type { ThreadSeed } from "../../event/source.ts";

const SECOND = 1_000_000_000n;
const PARENT = 10;
const CHILD = 11;

const seed = (tid: number, comm: string, cloneTime: bigint): ThreadSeed =>
  threadSeed(tid, {
    ...{ comm, exe: `/bin/${comm}`, exePath: `/bin/${comm}`, cloneTime },
    ptid: tid === CHILD ? PARENT : 1,
  });

/** A live system on which sh and a child of it, by now cat, were read from /proc; then sh's own clone event comes. */
function lateParent(age: bigint): string {
  const sim = new Simulation();
  sim.state.threadExists = () => true;
  sim.state.seeds.thread(seed(PARENT, "sh", sim.time - 100n * SECOND));
  sim.state.seeds.thread(seed(CHILD, "cat", sim.time - age));
  sim.emit("SYSCALL_CLONE_20_X", PARENT, {
    res: CHILD,
    exe: "/bin/sh",
    comm: "sh",
    tid: PARENT,
    pid: PARENT,
    vtid: PARENT,
    vpid: PARENT,
    flags: 0,
  });
  return sim.thread(CHILD).comm;
}

test("a child that /proc showed after its exec stays what it is when its parent's clone returns later", () => {
  expect(lateParent(SECOND / 100n)).toBe("cat");
});

test("a child with the id of one that was there long before is a new one", () => {
  expect(lateParent(60n * SECOND)).toBe("sh");
});
