import { expect, test } from "bun:test";
import { Simulation } from "../../tests/harness/simulate.ts";
import { threadSeed } from "../../tests/harness/thread-seed.ts";
import type { FdSeed, ThreadSeed } from "../event/source.ts";
import { FD } from "./fd.ts";
import { Refresh } from "./refresh.ts";

const SECOND = 1_000_000_000n;

const seed = (tid: number, more: Partial<ThreadSeed> = {}): ThreadSeed =>
  threadSeed(tid, {
    ...{ comm: "new", exe: "new", exePath: "/bin/new", args: ["arg"], env: ["A=b"], cwd: "/usr" },
    ...{ uid: 7, gid: 8, capEffective: 5n },
    ...more,
  });

const file = (tid: number, fd: number, name: string): FdSeed => ({
  tid,
  fd,
  ino: 9n,
  kind: FD.FILE_V2,
  name,
});

/** A parent (10) with a child (11), as events told of them. */
function family(): { sim: Simulation; refresh: Refresh } {
  const sim = new Simulation();
  sim.process(10, "sh", { ptid: 1 });
  sim.process(11, "old", { ptid: 10 });
  return { sim, refresh: new Refresh(sim.state) };
}

test("a thread that was not known is entered below its parent", () => {
  const { sim, refresh } = family();
  refresh.thread(seed(12, { ptid: 11 }));
  expect(sim.thread(12)).toMatchObject({ comm: "new", ptid: 11, cwd: "/usr/" });
  expect(sim.thread(11).firstChild).toBe(sim.thread(12));
});

test("a known thread takes over its new program, identity and place, and keeps its children", () => {
  const { sim, refresh } = family();
  const parent = sim.thread(10);
  const child = sim.thread(11);
  refresh.thread(seed(10));
  expect(sim.thread(10)).toBe(parent);
  expect(parent).toMatchObject({
    comm: "new",
    exePath: "/bin/new",
    args: ["arg"],
    env: ["A=b"],
    cwd: "/usr/",
  });
  expect([parent.uid, parent.gid, parent.program.capEffective]).toEqual([7, 8, 5n]);
  expect(parent.firstChild).toBe(child);
});

test("an orphan whose parent's end was lost is its new parent's child", () => {
  const { sim, refresh } = family();
  sim.process(20, "reaper", { ptid: 1 });
  refresh.thread(seed(11, { ptid: 20 }));
  expect(sim.thread(11).ptid).toBe(20);
  expect([sim.thread(20).firstChild, sim.thread(10).firstChild]).toEqual([sim.thread(11), undefined]);
});

test("an id that another process has by now is entered anew", () => {
  const { sim, refresh } = family();
  sim.state.seeds.thread(seed(30, { comm: "first", cloneTime: sim.time - 100n * SECOND }));
  const first = sim.thread(30);
  refresh.thread(seed(30, { cloneTime: sim.time }));
  expect(sim.thread(30)).not.toBe(first);
  expect(sim.thread(30).comm).toBe("new");
});

test("descriptors are entered and replaced, those that are the same are left as events made them", () => {
  const { sim, refresh } = family();
  for (const [fd, name] of [
    [3, "/same"],
    [4, "/before"],
  ] as const)
    sim.emit("SYSCALL_OPEN_X", 11, { fd, name, flags: 1, mode: 0, dev: 5, ino: 9 });
  const { fds } = sim.thread(11);
  const same = fds.get(3);
  for (const one of [file(11, 3, "/same"), file(11, 4, "/after"), file(11, 5, "/more")]) refresh.fd(one);
  expect(fds.get(3)).toBe(same!);
  expect([fds.get(4)?.name, fds.get(5)?.name]).toEqual(["/after", "/more"]);
});

test("a socket's other direction and an eventfd without a name are no other descriptors", () => {
  const { sim, refresh } = family();
  const localIp = Uint8Array.from([127, 0, 0, 1]);
  const ends = { localIp, localPort: 80, remoteIp: localIp, remotePort: 4000 };
  const turned = { ...ends, localPort: 4000, remotePort: 80 };
  const socket = { tid: 11, fd: 6, ino: 0n, kind: FD.IPV4_SOCK, name: "" };
  const event = { tid: 11, fd: 7, ino: 0n, kind: FD.EVENT, name: "" };
  for (const one of [{ ...socket, ...ends }, event]) sim.state.seeds.fd(one);
  const { fds } = sim.thread(11);
  const before = [fds.get(6), fds.get(7)];
  for (const one of [{ ...socket, ...turned }, event]) refresh.fd(one);
  expect([fds.get(6), fds.get(7)]).toEqual(before);
  expect(fds.get(6)).toBe(before[0]!);
  refresh.fd({ ...socket, ...ends, remotePort: 4001 });
  expect(fds.get(6)?.ends?.destPort).toBe(4001);
});

test("removeUnseen removes what the system neither showed nor has, unless something was heard of it since", () => {
  const { sim, refresh } = family();
  sim.process(12, "gone", { ptid: 10 });
  sim.process(13, "there", { ptid: 10 });
  sim.state.threadExists = (tid) => tid === 13;
  refresh.thread(seed(10));
  const before = Number(sim.time) + 1e6;
  sim.time += SECOND;
  sim.emit("SYSCALL_CLOSE_X", 11, { res: 0, fd: 3 });
  refresh.removeUnseen(before);
  expect([10, 11, 12, 13].filter((tid) => sim.state.threads.has(tid))).toEqual([10, 11, 13]);
});
