import { expect, test } from "bun:test";
import { Simulation } from "../../../tests/harness/simulate.ts";
import type { ThreadSeed } from "../../event/source.ts";

const SECOND = 1_000_000_000n;
const PARENT = 10;
const CHILD = 11;

const seed = (tid: number, comm: string, cloneTime: bigint): ThreadSeed => ({
  tid,
  pid: tid,
  ptid: tid === CHILD ? PARENT : 1,
  sid: 1,
  vpgid: 1,
  pgid: 1,
  vtid: tid,
  vpid: tid,
  comm,
  exe: `/bin/${comm}`,
  exePath: `/bin/${comm}`,
  exeWritable: false,
  exeUpperLayer: false,
  exeLowerLayer: false,
  exeFromMemfd: false,
  args: [],
  env: [],
  cwd: "/",
  root: "/",
  fdLimit: 1024,
  flags: 0,
  uid: 0,
  gid: 0,
  loginUid: 0,
  vmSize: 0,
  vmRss: 0,
  vmSwap: 0,
  pageFaultsMajor: 0,
  pageFaultsMinor: 0,
  cgroups: [],
  tty: 0,
  cloneTime,
  pidnsInitStart: 0n,
  capInheritable: 0n,
  capPermitted: 0n,
  capEffective: 0n,
  exeIno: 0n,
  exeCtime: 0n,
  exeMtime: 0n,
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
