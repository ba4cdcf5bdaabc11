import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, realpathSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LiveRecorder, type RecordedEvent, whyNoEbpf } from "./live-recorder.ts";

const WORKLOAD = join(import.meta.dir, "workload", "thin.ts");
const FLOOD = join(import.meta.dir, "workload", "flood.ts");
const TRACED =
  "execve execveat clone clone3 fork vfork open openat openat2 creat close dup dup2 dup3 connect accept accept4 bind socket unlink unlinkat rename renameat renameat2 chmod fchmod fchmodat setuid setgid setresuid ptrace prctl chdir fchdir fcntl mount sched_process_exit".split(
    " ",
  );

const reason = whyNoEbpf();
if (reason) console.log(`skipped: live eBPF capture, ${reason}`);

for (const reads of ["loads", "helper calls"]) {
  describe.skipIf(reason !== undefined)(`EbpfSource, kernel memory read by ${reads}`, () => {
    let recorder: LiveRecorder;
    let pid: number;
    const dir = mkdtempSync(join(tmpdir(), "falco-ebpf-"));
    const of = (name: string): RecordedEvent[] => recorder.of(pid).filter((event) => event.name === name);
    const file = join(dir, "file");

    beforeAll(async () => {
      recorder = new LiveRecorder(TRACED, { helperReads: reads === "helper calls" });
      ({ pid } = await recorder.run([process.execPath, WORKLOAD, dir]));
    });

    afterAll(() => {
      recorder?.source.close();
      rmSync(dir, { recursive: true, force: true });
    });

    test("seeds hold this process with its program, arguments and descriptors", () => {
      const seed = recorder.threads.get(process.pid)!;
      expect(seed.ptid).toBe(process.ppid);
      expect(seed.comm.length).toBeGreaterThan(0);
      expect(seed.cwd).toBe(process.cwd());
      expect(recorder.fds.filter((fd) => fd.tid === process.pid).length).toBeGreaterThan(2);
    });

    test("the child's side of clone names its parent and comes before its execve", () => {
      const [first] = recorder.of(pid);
      expect(first?.name).toMatch(/^(vfork|clone3?|fork)$/);
      expect(first?.params).toMatchObject({ res: 0, tid: pid, pid, ptid: process.pid, vtid: pid, vpid: pid });
      expect(of("execve")[0]!.time).toBeGreaterThan(first!.time);
    });

    test("execve carries program, arguments, environment, identity and the real path", () => {
      const { params } = of("execve")[0]!;
      const exe = statSync(process.execPath, { bigint: true });
      expect(params).toMatchObject({
        res: 0,
        tid: pid,
        pid,
        ptid: process.pid,
        uid: process.getuid!(),
        gid: process.getgid!(),
      });
      expect(params.exe).toBe(process.execPath);
      expect(params.args?.toString()).toBe(`${WORKLOAD}\0${dir}\0`);
      expect(params.env?.toString()).toContain("\0");
      expect(params.filename).toBe(process.execPath);
      expect(params.trusted_exepath).toBe(realpathSync(process.execPath));
      expect(params.exe_ino).toBe(Number(exe.ino));
      expect(params.exe_ino_mtime as number).toBeCloseTo(Number(exe.mtimeNs), -6);
      expect(params.cgroups?.toString()).toMatch(/^cpuset=\/[^\0]*\0/);
      expect(params.fdlimit as number).toBeGreaterThan(0);
      expect(params.cap_effective as number).toBeGreaterThan(0);
      expect((params.flags as number) & 1).toBe(1);
    });

    test("a failed execve carries what was asked for", () => {
      const failed = of("execve").find((event) => event.params.res === -2)!;
      expect(failed.params).toMatchObject({ exe: "missing", filename: join(dir, "missing") });
      expect(failed.params.args?.toString()).toBe("one\0two\0");
      expect(failed.params.env?.toString()).toBe("KEY=value\0");
    });

    test("openat carries path, flags, mode, device and inode, and marks creation", () => {
      const created = of("openat").find((event) => event.params.name === file)!;
      expect(created.params).toMatchObject({ dirfd: -100, mode: 0o640 });
      // O_RDWR, O_CREAT, O_CLOEXEC, and that this call created the file
      expect(created.params.flags).toBe(3 | 4 | 0x1000 | 0x4000);
      expect(created.params.fd as number).toBeGreaterThan(2);
      expect(created.params.ino as number).toBeGreaterThan(0);
      const closed = of("close").find((event) => event.time > created.time);
      expect(closed?.params).toEqual({ res: 0, fd: created.params.fd });
      const missing = of("openat").find((event) => event.params.name === join(dir, "nothing"))!;
      expect(missing.params).toMatchObject({ fd: -2, dev: 0, ino: 0 });
    });

    test("openat2 carries the flags of its structure", () => {
      const [event] = of("openat2");
      expect(event?.params).toMatchObject({
        dirfd: -100,
        name: file,
        flags: 1,
        mode: 0,
        resolve: 0x10 | 0x8,
      });
    });

    test("paths of rename, chmod and unlink are those of the call", () => {
      expect(of("rename")[0]?.params).toEqual({ res: 0, oldpath: file, newpath: `${file}2` });
      expect(of("chmod")[0]?.params).toEqual({ res: 0, filename: `${file}2`, mode: 0o4711 });
      expect(of("unlinkat")[0]?.params).toEqual({ res: 0, dirfd: -100, name: `${file}2`, flags: 0 });
      expect(of("unlink")[0]?.params).toEqual({ res: -2, path: `${file}2` });
    });

    test("dup, dup3 and fcntl name both descriptors", () => {
      const [dup3] = of("dup3");
      expect(dup3?.params).toMatchObject({ res: 700, newfd: 700, flags: 0x1000 });
      const dup = of("fcntl").find((event) => event.params.arg === 800)!;
      expect(dup.params).toMatchObject({ cmd: 1 });
      expect(dup.params.res as number).toBeGreaterThanOrEqual(800);
    });

    test("connect and accept carry both ends of IPv4, IPv6 and unix sockets", () => {
      const tuples = of("connect").map((event) => event.params.tuple as Buffer);
      const [inet, inet6, unix, abstract] = tuples as [Buffer, Buffer, Buffer, Buffer];
      expect([inet[0], inet.length]).toEqual([2, 13]);
      expect(inet.subarray(1, 5)).toEqual(Buffer.from([127, 0, 0, 1]));
      expect([inet6[0], inet6.length]).toEqual([10, 37]);
      expect(unix[0]).toBe(1);
      expect(unix.subarray(17).toString()).toBe(`${join(dir, "socket")}\0`);
      expect(abstract.subarray(17).toString()).toBe(`falco-${pid}\0`);
      const accepted = of("accept4").map((event) => event.params.tuple as Buffer);
      expect(accepted[0]).toEqual(inet);
      expect(of("connect")[0]?.params.addr).toEqual(Buffer.concat([Buffer.from([2]), inet.subarray(7)]));
      expect(of("bind")[2]?.params.addr?.toString()).toBe(`\x01${join(dir, "socket")}\0`);
    });

    test("prctl, chdir, setresuid and ptrace carry their arguments", () => {
      expect(of("prctl").find((event) => event.params.option === 15)?.params).toMatchObject({
        arg2_str: "renamed",
        arg2_int: 0,
      });
      expect(of("chdir")[0]?.params).toEqual({ res: 0, path: dir });
      expect(of("setresuid")[0]?.params).toEqual({ res: 0, ruid: 0, euid: 0, suid: 0 });
      expect(of("ptrace")[0]?.params).toMatchObject({ res: -3, request: 11, pid: 0x3ffffff });
    });

    test("procexit carries the exit code", () => {
      expect(of("procexit")[0]?.params).toMatchObject({ status: 7 << 8, ret: 7, sig: 0, core: 0 });
    });

    test("nothing of this process itself is captured", () => {
      statSync(dir);
      expect(recorder.of(process.pid)).toEqual([]);
    });

    test("a flood is recorded in full and in order", async () => {
      const calls = 20_000;
      const { pid: flood } = await recorder.run([process.execPath, FLOOD, String(calls)]);
      const closes = recorder.of(flood).filter(({ name, params }) => name === "close" && params.fd === 12345);
      expect(closes.length).toBe(calls);
      expect(closes.every((event, i) => i === 0 || event.time >= closes[i - 1]!.time)).toBe(true);
      expect(recorder.lost).toBe(0);
    });

    test("setTraced changes what is captured while running", async () => {
      recorder.source.setTraced(new Set());
      await recorder.collect(() => false, 50);
      const before = recorder.events.length;
      await Bun.spawn(["true"]).exited;
      await recorder.collect(() => false, 100);
      expect(recorder.events.length - before).toBeLessThan(3);
    });

    test("two sources run side by side and neither loses events", async () => {
      const second = new LiveRecorder(["execve", "sched_process_exit"]);
      const { pid: child } = await second.run(["true"]);
      expect(second.of(child).map((event) => event.name)).toEqual(["execve", "procexit"]);
      expect(second.lost).toBe(0);
      second.source.close();
    });
  });
}
