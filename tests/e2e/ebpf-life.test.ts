import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WakeUp } from "../../core/ffi/wake-up.ts";
import { endWithTests } from "../harness/children.ts";
import { eventually } from "../harness/programs.ts";

import { inKernel, kernelObjectsOf } from "./kernel-objects.ts";
import { LiveRecorder, whyNoEbpf } from "./live-recorder.ts";

const ROOT = join(import.meta.dir, "..", "..");
const MAIN = join(ROOT, "cmd", "main.ts");
const UNIT = join(ROOT, "core", "library", "systemd", "falco.service");

const reason = whyNoEbpf();
if (reason) console.log(`skipped: life and death of the probe, ${reason}`);

const RULES = `
- rule: marker opened
  desc: A test's file was opened.
  condition: evt.type in (open, openat, openat2) and fd.name endswith "/marker"
  output: marker %fd.name
  priority: WARNING
`;
const dirs: string[] = [];

/** falco run with one rule and no server, its output as it comes; `prefix` is the command that starts it. */
async function startFalco(prefix: readonly string[] = []) {
  const dir = mkdtempSync(join(tmpdir(), "falco-life-"));
  dirs.push(dir);
  const rules = join(dir, "rules.yaml");
  await Bun.write(rules, RULES);
  const options = [
    "webserver.enabled=false",
    "syslog_output.enabled=false",
    "engine.modern_ebpf.buf_size_preset=1",
  ];
  const child = Bun.spawn(
    [...prefix, process.execPath, MAIN, "run", "-r", rules, ...options.flatMap((option) => ["-o", option])],
    { stdout: "pipe", stderr: "pipe", cwd: ROOT },
  );
  endWithTests(child);
  let output = "";
  const pumps = [child.stdout, child.stderr].map(async (stream) => {
    for await (const chunk of stream) output += Buffer.from(chunk).toString();
  });
  const seen = async (text: string): Promise<boolean> => {
    await eventually(() => output.includes(text) || child.exitCode !== null);
    return output.includes(text);
  };
  const ended = async (): Promise<string> => {
    await Promise.all(pumps);
    return output;
  };
  return { child, dir, seen, ended };
}

async function touchMarker(dir: string): Promise<void> {
  await Bun.spawn(["sh", "-c", `: > ${dir}/marker`]).exited;
}

afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true });
});

describe.skipIf(reason !== undefined)("falco run with the live probe", () => {
  test("kill -9 leaves nothing of the probe in the kernel", async () => {
    const { child, seen } = await startFalco();
    expect(await seen("Opening 'syscall' source")).toBe(true);
    const attached = (): boolean =>
      kernelObjectsOf(child.pid).filter(({ kind }) => kind === "prog_id").length > 20;
    await eventually(attached);
    const objects = kernelObjectsOf(child.pid);
    expect(objects.length).toBeGreaterThan(20);
    expect(objects.every(inKernel)).toBe(true);
    child.kill("SIGKILL");
    await child.exited;
    // The kernel frees them behind a grace period.
    await eventually(() => !objects.some(inKernel));
    expect(objects.filter(inKernel)).toEqual([]);
  }, 180_000);

  test("two run side by side, both alert, and both end cleanly", async () => {
    const both = await Promise.all([startFalco(), startFalco()]);
    for (const falco of both) expect(await falco.seen("Opening 'syscall' source")).toBe(true);
    const { dir } = both[0];
    const end = Date.now() + 60_000;
    let alerted = false;
    while (!alerted && Date.now() < end) {
      await touchMarker(dir);
      alerted = (
        await Promise.all(
          both.map((falco) => Promise.race([falco.seen(`marker ${dir}/marker`), Bun.sleep(500)])),
        )
      ).every(Boolean);
    }
    expect(alerted).toBe(true);
    for (const { child } of both) child.kill("SIGTERM");
    expect(await Promise.all(both.map(({ child }) => child.exited))).toEqual([0, 0]);
  }, 180_000);

  test("it needs no more capabilities than the systemd unit grants", async () => {
    const unit = await Bun.file(UNIT).text();
    const granted = /^CapabilityBoundingSet=(.+)$/m
      .exec(unit)![1]!
      .toLowerCase()
      .replaceAll("cap_", "+")
      .split(" ");
    const falco = await startFalco(["setpriv", "--no-new-privs", `--bounding-set=-all,${granted.join(",")}`]);
    expect(await falco.seen("Opening 'syscall' source")).toBe(true);
    const end = Date.now() + 30_000;
    let alerted = false;
    while (!alerted && falco.child.exitCode === null && Date.now() < end) {
      await touchMarker(falco.dir);
      alerted = await Promise.race([
        falco.seen(`marker ${falco.dir}/marker`),
        Bun.sleep(500).then(() => false),
      ]);
    }
    expect(alerted).toBe(true);
    falco.child.kill("SIGTERM");
    expect(await falco.child.exited).toBe(0);
  }, 180_000);

  test("without privileges it says what it needs and how else to run", async () => {
    const script = `const { EbpfSource } = await import(${JSON.stringify(join(ROOT, "core/capture/ebpf/ebpf-source.ts"))});
      process.setgroups([]); process.setgid(65534); process.setuid(65534);
      try { new EbpfSource({ traced: new Set() }).open({}); } catch (error) { console.log(error.code, error.message, error.hint); }`;
    const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "pipe" });
    const output = await new Response(child.stdout).text();
    expect(output).toStartWith(
      "EBPF_PERMISSION Cannot start eBPF capture: it needs root, or the capabilities",
    );
    expect(output).toContain("falco trace");
  });

  test("without the kernel's type information it says so", async () => {
    const script = `const { EbpfSource } = await import(${JSON.stringify(join(ROOT, "core/capture/ebpf/ebpf-source.ts"))});
      try { new EbpfSource({ traced: new Set() }).open({}); } catch (error) { console.log(error.code, error.message); }`;
    const hidden = `mount -t tmpfs none /sys/kernel/btf && exec "$0" -e "$1"`;
    const child = Bun.spawn(["unshare", "-m", "sh", "-c", hidden, process.execPath, script], {
      stdout: "pipe",
      stderr: "inherit",
    });
    const output = await new Response(child.stdout).text();
    expect(output).toStartWith("EBPF_UNSUPPORTED Cannot start eBPF capture: the kernel's type information");
  });
});

describe.skipIf(reason !== undefined)("EbpfSource", () => {
  test("childAtFork gives the child's side of clone once, before anything else of the child", async () => {
    const recorder = new LiveRecorder(["clone", "clone3", "vfork", "fork", "execve", "sched_process_exit"], {
      childAtFork: true,
    });
    const { pid } = await recorder.run(["sh", "-c", "true; (exit 3); exit 0"]);
    const own = recorder.of(pid);
    expect(own[0]?.params).toMatchObject({ res: 0, tid: pid, pid, ptid: process.pid, vtid: pid });
    const sides = recorder.events.filter(
      ({ name, params }) => /^(clone3?|v?fork)$/.test(name) && params.ptid === pid,
    );
    const inner = sides.filter(({ params }) => params.res === 0);
    expect(inner.length).toBe(1);
    expect(inner[0]?.params).toMatchObject({ exe: "sh", flags: 0 });
    expect(inner[0]?.params.args?.toString()).toBe("-c\0true; (exit 3); exit 0\0");
    expect(recorder.of(inner[0]!.tid).at(-1)?.params).toMatchObject({ ret: 3 });
    recorder.source.close();
  });

  test.skipIf(process.arch !== "x64")(
    "a thread is one, though clone3's flags are overwritten by the time it starts",
    async () => {
      const recorder = new LiveRecorder(["clone3", "sched_process_exit"]);
      const workload = join(import.meta.dir, "workload", "forgetful-clone.ts");
      const { pid, output } = await recorder.run([process.execPath, workload]);
      const tid = Number(output);
      const [own] = recorder.of(tid);
      expect(own?.params).toMatchObject({ res: 0, tid, pid });
      const VM_FILES_FS_SIGHAND_THREAD = 0x8000 | 1 | 2 | 0x800 | 0x2000;
      expect((own?.params.flags as number) & VM_FILES_FS_SIGHAND_THREAD).toBe(VM_FILES_FS_SIGHAND_THREAD);
      recorder.source.close();
    },
  );

  test("dropFailed leaves out calls that failed and no others", async () => {
    const recorder = new LiveRecorder(["openat", "sched_process_exit"], { dropFailed: true });
    const { pid } = await recorder.run(["sh", "-c", ": < /dev/null; : < /no/such/file"]);
    const opened = recorder.of(pid).filter(({ name }) => name === "openat");
    expect(opened.some(({ params }) => params.name === "/dev/null")).toBe(true);
    expect(opened.filter(({ params }) => (params.fd as number) < 0)).toEqual([]);
    recorder.source.close();
  });

  test("another thread's call ends a wait for events, also one made before", () => {
    const wakeUp = new WakeUp();
    const recorder = new LiveRecorder(["delete_module"], { wakeFd: wakeUp.fd });
    const minutes = 10 * 60_000;
    wakeUp.call();
    while (recorder.wait(minutes) > 0);
    const script = `require("node:fs").writeSync(${wakeUp.fd}, new BigUint64Array([1n]));`;
    const worker = new Worker(URL.createObjectURL(new Blob([script])));
    while (recorder.wait(minutes) > 0);
    worker.terminate();
    recorder.source.close();
    wakeUp.close();
  }, 30_000);

  test("what a full buffer loses is counted by cause and by CPU", async () => {
    const recorder = new LiveRecorder(["close"], { bufferSize: 4096 });
    const calls = 20_000;
    const child = Bun.spawn([process.execPath, join(import.meta.dir, "workload", "flood.ts"), String(calls)]);
    await child.exited;
    await recorder.collect(() => false, 50);
    const stats = recorder.source.stats();
    const { dropped, seen, perCpu } = stats;
    const kept = recorder.events.filter(({ name }) => name === "close").length;
    expect(dropped.n_drops_buffer_close_exit!).toBeGreaterThan(0);
    expect(kept + dropped.n_drops_buffer_close_exit!).toBeGreaterThanOrEqual(calls);
    expect(perCpu!.reduce((sum, { events, drops }) => sum + events + drops, 0)).toBe(seen);
    recorder.source.close();
    expect(recorder.source.stats()).toEqual(stats);
  });

  test("what fills the buffer up while one event is looked at is kept, and in order", async () => {
    const recorder = new LiveRecorder(["close"], { bufferSize: 1 << 20 });
    // Each time three quarters of the buffer: a record takes 64 bytes.
    const calls = 12_000;
    const flood = (): number =>
      Bun.spawnSync([process.execPath, join(import.meta.dir, "workload", "flood.ts"), String(calls)]).pid;
    const pids = [flood()];
    recorder.before = () => {
      recorder.before = () => {};
      pids.push(flood());
    };
    await recorder.collect(() => false, 50);
    expect(recorder.lost).toBe(0);
    const closes = recorder.events.filter(({ params, tid }) => params.fd === 12345 && pids.includes(tid));
    expect(closes.map(({ tid }) => tid)).toEqual(pids.flatMap((pid) => Array<number>(calls).fill(pid)));
    expect(
      closes.every(({ tid, time }, i) => tid !== closes[i - 1]?.tid || time >= closes[i - 1]!.time),
    ).toBe(true);
    expect(recorder.source.stats().postponed).toBeGreaterThanOrEqual(calls);
    recorder.source.close();
  });
});
