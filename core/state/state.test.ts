import { describe, expect, test } from "bun:test";
import { addr4, Simulation, tuple4 } from "../../tests/harness/simulate.ts";
import { FD, ROLE } from "./fd.ts";
import { State } from "./state.ts";
import { CLONE } from "./thread.ts";

const ID = "ab".repeat(32);
const EINPROGRESS = -115;

describe("processes", () => {
  test("a child is what its creator was: program, directory, environment, descriptors of its own", () => {
    const sim = new Simulation();
    sim.process(10, "sh", { env: ["A=1"], loginuid: 1000, tty: 5 });
    sim.emit("SYSCALL_CHDIR_X", 10, { res: 0, path: "/srv" });
    sim.emit("SYSCALL_OPEN_X", 10, { fd: 3, name: "/a", flags: 1 });
    const child = sim.fork(10, 11);
    expect(child).toMatchObject({
      pid: 11,
      ptid: 10,
      exePath: "/bin/sh",
      cwd: "/srv/",
      loginUid: 1000,
      tty: 5,
    });
    expect(child.env).toEqual(["A=1"]);
    sim.emit("SYSCALL_CLOSE_X", 11, { res: 0, fd: 3 });
    expect(child.fds.has(3)).toBe(false);
    expect(sim.thread(10).fds.get(3)?.name).toBe("/a");
  });

  test("a thread shares descriptors and directory with its leader", () => {
    const sim = new Simulation();
    sim.process(10, "web");
    const thread = sim.fork(10, 11, CLONE.THREAD);
    sim.emit("SYSCALL_OPEN_X", 11, { fd: 3, name: "/a", flags: 1 });
    expect(thread.leader).toBe(sim.thread(10));
    expect(sim.thread(10).fds.get(3)?.name).toBe("/a");
    expect(sim.state.liveThreads(10)).toBe(2);
  });

  test("an exec drops what is close-on-exec and ends the other threads", () => {
    const sim = new Simulation();
    sim.process(10, "a");
    sim.fork(10, 11, CLONE.THREAD);
    sim.emit("SYSCALL_OPEN_X", 10, { fd: 3, name: "/kept", flags: 1 });
    sim.emit("SYSCALL_OPEN_X", 10, { fd: 4, name: "/dropped", flags: 0x1001 });
    sim.emit("SYSCALL_FCNTL_X", 10, { res: 0, fd: 3, cmd: 3, arg: 1 });
    sim.emit("SYSCALL_DUP3_X", 10, { res: 5, oldfd: 4, newfd: 5, flags: 0 });
    const after = sim.process(10, "b");
    expect([...after.fds].map(([number]) => number)).toEqual([5]);
    expect(after.comm).toBe("b");
    expect(sim.state.threads.has(11)).toBe(false);
    expect(sim.state.liveThreads(10)).toBe(1);
  });

  test("a failed exec changes nothing", () => {
    const sim = new Simulation();
    const thread = sim.process(10, "a");
    sim.emit("SYSCALL_EXECVE_19_X", 10, { res: -2, exe: "/bin/b", comm: "b", pid: 10 });
    expect(thread.comm).toBe("a");
  });

  test("what ends is there until rules have looked", () => {
    const sim = new Simulation();
    sim.process(10, "a");
    sim.emit("SYSCALL_OPEN_X", 10, { fd: 3, name: "/a", flags: 1 });
    sim.see("SYSCALL_CLOSE_X", 10, { res: 0, fd: 3 });
    expect(sim.state.fd?.name).toBe("/a");
    sim.state.settle();
    expect(sim.thread(10).fds.has(3)).toBe(false);
    sim.see("PROCEXIT_1_E", 10);
    expect(sim.state.thread?.comm).toBe("a");
    sim.state.settle();
    expect(sim.state.threads.has(10)).toBe(false);
  });

  test("a dead leader stays until its last thread ends", () => {
    const sim = new Simulation();
    sim.process(10, "a");
    sim.fork(10, 11, CLONE.THREAD);
    sim.emit("PROCEXIT_1_E", 10);
    expect(sim.thread(10).dead).toBe(true);
    sim.emit("SYSCALL_OPEN_X", 11, { fd: 3, name: "/a", flags: 1 });
    expect(sim.thread(10).fds.get(3)?.name).toBe("/a");
    sim.emit("PROCEXIT_1_E", 11);
    expect(sim.state.threads.has(10)).toBe(false);
    expect(sim.state.headless.has(10)).toBe(false);
  });

  test("orphans go to the reaper that the kernel names, or to the nearest that takes them", () => {
    const sim = new Simulation();
    sim.process(5, "manager", { ptid: 0 });
    sim.emit("SYSCALL_PRCTL_X", 5, { res: 0, option: 36, arg2_int: 1 });
    sim.fork(5, 6);
    sim.fork(6, 7);
    sim.fork(6, 8);
    sim.emit("PROCEXIT_1_E", 6, { reaper_tid: 5 });
    expect([sim.thread(7).ptid, sim.thread(8).ptid]).toEqual([5, 5]);
    sim.fork(7, 9);
    sim.emit("PROCEXIT_1_E", 7, { reaper_tid: 0 });
    expect(sim.thread(9).ptid).toBe(5);
  });

  test("a creator's event that comes after its child's end does not bring it back", () => {
    const sim = new Simulation();
    sim.process(10, "a");
    const child = {
      res: 0,
      exe: "x",
      comm: "x",
      flags: 0,
      tid: 11,
      pid: 11,
      ptid: 10,
      vtid: 11,
      vpid: 11,
      uid: 0,
      gid: 0,
    };
    sim.emit("SYSCALL_CLONE_20_X", 11, child);
    sim.emit("PROCEXIT_1_E", 11);
    sim.emit("SYSCALL_CLONE_20_X", 10, { ...child, res: 11, tid: 10, pid: 10, vtid: 10, vpid: 10 });
    expect(sim.state.threads.has(11)).toBe(false);
  });

  test("an unknown thread is looked up where that is possible, and not too often", () => {
    const state = new State({ lookupsPerSecond: 2 });
    const asked: number[] = [];
    state.fetchThread = (tid) => asked.push(tid);
    const sim = new Simulation(state);
    for (const tid of [20, 21, 22, 20]) sim.emit("SYSCALL_CHDIR_X", tid, { res: 0, path: "/" });
    expect(asked).toEqual([20, 21]);
    expect(sim.thread(22)).toMatchObject({ comm: "<NA>", pid: -1 });
    sim.time += 1_000_000_000n;
    sim.emit("SYSCALL_CHDIR_X", 23, { res: 0, path: "/" });
    expect(asked).toEqual([20, 21, 23]);
  });

  test("the table has a limit, beyond which events have no thread", () => {
    const sim = new Simulation(new State({ threads: 3 }));
    for (let tid = 1; tid <= 5; tid++) sim.emit("SYSCALL_CHDIR_X", tid, { res: 0, path: "/" });
    sim.see("SYSCALL_CHDIR_X", 6, { res: 0, path: "/" });
    expect(sim.state.threads.size).toBe(3);
    expect(sim.state.thread).toBeUndefined();
    expect(sim.state.counters.threadsDropped).toBe(3);
  });

  test("threads whose end was lost are removed when they are idle and gone", () => {
    const state = new State({ idleSeconds: 60, purgeSeconds: 30 });
    state.threadExists = (tid) => tid !== 10;
    const sim = new Simulation(state);
    sim.process(10, "gone");
    sim.process(11, "sleeping");
    sim.time += 120_000_000_000n;
    sim.process(12, "busy");
    expect([...state.threads.values()].map(({ tid }) => tid).sort()).toEqual([11, 12]);
  });
});

describe("paths", () => {
  test("names are joined to the directory they are relative to", () => {
    const sim = new Simulation();
    sim.process(10, "a");
    sim.emit("SYSCALL_CHDIR_X", 10, { res: 0, path: "/srv/www/" });
    const open = (fd: number, dirfd: number, name: string): string | undefined => {
      sim.emit("SYSCALL_OPENAT_2_X", 10, { fd, dirfd, name, flags: 0x400 });
      return sim.thread(10).fds.get(fd)?.name;
    };
    expect(open(3, -100, "../lib/./x//y/")).toBe("/srv/lib/x/y");
    expect(open(4, 3, "z")).toBe("/srv/lib/x/y/z");
    expect(open(5, 99, "z")).toBe("<UNKNOWN>z");
    expect(open(6, 99, "/etc/passwd")).toBe("/etc/passwd");
    expect(sim.thread(10).fds.get(3)?.kind).toBe(FD.DIRECTORY);
    sim.emit("SYSCALL_FCHDIR_X", 10, { res: 0, fd: 4 });
    expect(sim.thread(10).cwd).toBe("/srv/lib/x/y/z/");
  });
});

describe("sockets", () => {
  const socket = (sim: Simulation, fd: number, type = 1): void =>
    sim.emit("SOCKET_SOCKET_X", 10, { fd, domain: 2, type, proto: 0, flags: 0 });

  test("who connects is the client, who accepts the server", () => {
    const sim = new Simulation();
    sim.process(10, "a");
    socket(sim, 3);
    sim.emit("SOCKET_CONNECT_X", 10, {
      res: EINPROGRESS,
      fd: 3,
      tuple: tuple4("10.0.0.1:4000", "10.0.0.2:80"),
    });
    expect(sim.thread(10).fds.get(3)).toMatchObject({
      name: "10.0.0.1:4000->10.0.0.2:80",
      role: ROLE.CLIENT,
      connected: true,
    });
    sim.emit("SOCKET_ACCEPT4_6_X", 10, {
      fd: 4,
      tuple: tuple4("10.0.0.9:5000", "10.0.0.1:22"),
      flags: 0x1000,
    });
    expect(sim.thread(10).fds.get(4)).toMatchObject({
      name: "10.0.0.9:5000->10.0.0.1:22",
      role: ROLE.SERVER,
      closeOnExec: true,
    });
  });

  test("a refused connection leaves the socket as it was", () => {
    const sim = new Simulation();
    sim.process(10, "a");
    socket(sim, 3);
    sim.emit("SOCKET_CONNECT_X", 10, { res: -111, fd: 3, tuple: tuple4("10.0.0.1:1", "10.0.0.2:2") });
    expect(sim.thread(10).fds.get(3)).toMatchObject({ name: "", role: ROLE.NONE, connected: false });
  });

  test("what a program gave the call at its start counts, not what stood in memory at its end", () => {
    const sim = new Simulation();
    sim.process(10, "a");
    socket(sim, 3);
    sim.emit("SOCKET_CONNECT_E", 10, { fd: 3, addr: addr4("6.6.6.6:666") });
    sim.emit("SOCKET_CONNECT_X", 10, {
      res: 0,
      fd: 3,
      tuple: tuple4("10.0.0.1:4000", "1.1.1.1:80"),
      addr: addr4("1.1.1.1:80"),
    });
    expect(sim.thread(10).fds.get(3)?.name).toBe("10.0.0.1:4000->6.6.6.6:666");
    sim.emit("SYSCALL_OPENAT_2_E", 10, { dirfd: -100, name: "/etc/shadow", flags: 1 });
    sim.emit("SYSCALL_OPENAT_2_X", 10, { fd: 4, dirfd: -100, name: "/tmp/harmless", flags: 1 });
    expect(sim.thread(10).fds.get(4)?.name).toBe("/etc/shadow");
    sim.emit("SYSCALL_OPENAT_2_X", 10, { fd: 5, dirfd: -100, name: "/tmp/next", flags: 1 });
    expect(sim.thread(10).fds.get(5)?.name).toBe("/tmp/next");
  });

  test("datagrams tell their ends: a sender is a client, and its first peer stays", () => {
    const sim = new Simulation();
    sim.process(10, "dns");
    socket(sim, 3, 2);
    const send = (to: string): void =>
      sim.emit("SOCKET_SENDTO_X", 10, { res: 5, fd: 3, tuple: tuple4("10.0.0.1:4000", to) });
    send("9.9.9.9:53");
    expect(sim.thread(10).fds.get(3)).toMatchObject({ name: "10.0.0.1:4000->9.9.9.9:53", role: ROLE.CLIENT });
    send("8.8.8.8:53");
    expect(sim.thread(10).fds.get(3)?.name).toBe("10.0.0.1:4000->9.9.9.9:53");
  });
});

describe("containers and accounts", () => {
  test("control groups tell the container, at clone and exec only", () => {
    const sim = new Simulation();
    const thread = sim.process(10, "a", { cgroups: [`cpu=/docker/${ID}`, "memory=/"] });
    expect(thread.containerId).toBe("abababababab");
    expect(thread.cgroups).toEqual([`cpu=/docker/${ID}`, "memory=/"]);
    sim.process(10, "b", { cgroups: ["cpu_cgroup=/", "io=/x"] });
    expect(thread.containerId).toBe("");
    expect(thread.cgroups).toEqual(["cpu=/", "blkio=/x"]);
  });

  test("a container is known from its event until its first process ends", () => {
    const sim = new Simulation();
    sim.emit("CONTAINER_JSON_2_E", -1, { json: '{"container":{"id":"abababababab","name":"web","type":0}}' });
    sim.process(10, "init", { cgroups: [`cpu=/docker/${ID}`] });
    Object.assign(sim.thread(10), { vtid: 1, vpid: 1 });
    expect(sim.state.containers.get("abababababab")?.name).toBe("web");
    sim.see("PROCEXIT_1_E", 10);
    expect(sim.state.containers.has("abababababab")).toBe(true);
    sim.state.settle();
    expect(sim.state.containers.has("abababababab")).toBe(false);
  });

  test("accounts are looked up on live sources, in the container of the process", () => {
    const state = new State();
    const account = (uid: number, name: string) => ({ uid, gid: uid, name, home: "/", shell: "/bin/sh" });
    state.accounts.source = {
      user: (uid) => (uid === 7 ? account(7, "seven") : undefined),
      group: () => undefined,
      ofContainer: () => ({ users: [account(7, "inner")], groups: [] }),
    };
    const sim = new Simulation(state);
    sim.process(10, "a", { uid: 7 });
    sim.process(11, "b", { uid: 7, cgroups: [`cpu=/docker/${ID}`] });
    expect(state.accounts.user("", 7)?.name).toBe("seven");
    expect(state.accounts.user("abababababab", 7)?.name).toBe("inner");
    sim.emit("USER_DELETED_E", -1, { uid: 7, container_id: "" });
    expect(state.accounts.user("", 7)).toBeUndefined();
  });
});
