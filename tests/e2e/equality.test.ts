import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SYSCALLS } from "../../core/schema/syscalls.ts";
import { LiveRecorder, type RecordedEvent, whyNoEbpf } from "./live-recorder.ts";
import { type Traced, traceCommand } from "./trace-recorder.ts";

const WORKLOAD = join(import.meta.dir, "workload", "every-syscall.ts");

/** What ptrace cannot give: these happen without the thread's doing, or inside the kernel. */
const KERNEL_ONLY = new Set(["sched_switch", "page_fault_user", "page_fault_kernel"]);

/** Parameters that differ for a reason. */
const DIFFERENT: Readonly<Record<string, string>> = {
  vm_size: "other threads map memory between the two looks",
  vm_rss: "changes between the two looks, and /proc counts exactly",
  pgft_min: "reading the program's memory faults pages in",
  pgft_maj: "as pgft_min",
  pidns_init_start_ts: "/proc tells it in hundredths of a second",
  exe_ino_ctime: "the kernel keeps a flag of its own among the nanoseconds",
  reaper_tid: "found out by user space where /proc doesn't tell",
  queuepct: "only the kernel knows the queue of a listening socket",
  queuelen: "as queuepct",
  queuemax: "as queuepct",
};
const UNIX_SOCKET = 1;
/** Family and two kernel addresses: for the latter ptrace has inodes. */
const UNIX_PATH = 17;

function hasOther({ id }: RecordedEvent, name: string): boolean {
  // Kernel addresses, for which ptrace has inodes.
  if (id === "SOCKET_SOCKETPAIR_X") return name === "source" || name === "peer";
  // The probe reads them late, from memory that may have been put to other use by then.
  return id === "SYSCALL_CLONE3_X" && name === "flags";
}

type Value = RecordedEvent["params"][string];

function comparable(event: RecordedEvent): Record<string, string> {
  const shown = (name: string, value: Value): string => {
    if (!Buffer.isBuffer(value)) return String(value);
    const isUnix = name === "tuple" && value[0] === UNIX_SOCKET;
    return (isUnix ? value.subarray(UNIX_PATH) : value).toString("hex");
  };
  const compared = Object.entries(event.params).filter(
    ([name]) => !(name in DIFFERENT) && !hasOther(event, name),
  );
  return Object.fromEntries(compared.map(([name, value]) => [name, shown(name, value)]));
}

/** Neither SIGKILL nor the call in which it hit the thread stops for a tracer: `length` events are left. */
function withoutKill(events: readonly RecordedEvent[], length: number): RecordedEvent[] {
  const kill = events.findIndex(({ name, params }) => name === "signaldeliver" && params.sig === 9);
  if (kill < 0) return [...events];
  const unfinished = events.length - 1 - length;
  return [...events.slice(0, kill - unfinished), ...events.slice(kill + 1)];
}

const reason = whyNoEbpf();
if (reason) console.log(`skipped: eBPF and ptrace side by side, ${reason}`);

describe.skipIf(reason !== undefined)("the same program under eBPF and ptrace at once", () => {
  const dir = mkdtempSync(join(tmpdir(), "falco-equal-"));
  let recorder: LiveRecorder;
  let traced: Traced;
  let pairs: { readonly ptrace: RecordedEvent; readonly ebpf: RecordedEvent }[];

  beforeAll(async () => {
    const names = SYSCALLS.map((call) => call.name).filter((name) => !KERNEL_ONLY.has(name));
    recorder = new LiveRecorder(names, { bufferSize: 64 << 20 });
    const script = `exec "${process.execPath}" "${WORKLOAD}" "${dir}" > "${join(dir, "out")}"`;
    traced = traceCommand(["sh", "-c", script], names);
    await recorder.collect(() => recorder.of(traced.pid).some((event) => event.name === "procexit"));
    pairs = [];
  });

  afterAll(() => {
    recorder?.source.close();
    rmSync(dir, { recursive: true, force: true });
  });

  test("the program ends well, as it does unwatched", () => {
    expect(traced.status).toBe(0);
    expect(JSON.parse(readFileSync(join(dir, "out"), "utf8")).length).toBeGreaterThan(150);
  });

  test("every thread's events come in the same order", () => {
    const threads = Map.groupBy(traced.events, (event) => event.tid);
    const wrong: string[] = [];
    for (const [tid, ptrace] of threads) {
      const all = recorder.of(tid);
      // The launcher's own doings before it became the workload are not the workload's.
      const from = tid === traced.pid ? all.length - ptrace.length : 0;
      const ebpf = withoutKill(all.slice(Math.max(0, from)), ptrace.length);
      const [left, right] = [ptrace, ebpf].map((events) => events.map((event) => event.id).join(" "));
      if (left !== right) wrong.push(`thread ${tid}\n  ptrace ${left}\n  ebpf   ${right}`);
      else ptrace.forEach((event, i) => void pairs.push({ ptrace: event, ebpf: ebpf[i]! }));
    }
    expect(wrong).toEqual([]);
    expect(threads.size).toBeGreaterThan(5);
  });

  test("every parameter is the same, but for those with a reason", () => {
    const wrong = pairs.flatMap(({ ptrace, ebpf }) => {
      const [left, right] = [comparable(ptrace), comparable(ebpf)];
      const names = Object.keys(left).filter((name) => left[name] !== right[name]);
      return names.map((name) => `${ptrace.id}.${name}: ptrace ${left[name]}, ebpf ${right[name]}`);
    });
    expect(wrong).toEqual([]);
    expect(pairs.length).toBeGreaterThan(500);
  });

  test("ptrace gives at least 140 different events", () => {
    const seen = new Set(traced.events.map((event) => event.id));
    console.log(`event types under ptrace: ${seen.size}`);
    expect(seen.size).toBeGreaterThanOrEqual(process.arch === "x64" ? 140 : 120);
  });
});
