import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reasonOf } from "../../core/errors.ts";
import { traceCommand } from "../e2e/trace-recorder.ts";
import type { BenchRow } from "./bench.ts";

export const name = "trace";
export const description =
  "what a system call costs a program under falco trace, one that is recorded and one that is not; strace and its like take two stops for every call";

const WORKLOAD = join(import.meta.dir, "trace-workload.ts");
const TRACED = ["openat", "close", "execve", "clone3", "clone", "sched_process_exit"];

const CASES = [
  { what: "not recorded, filtered", call: "getppid", times: 1_000_000, detachable: false },
  { what: "not recorded, --detachable", call: "getppid", times: 5_000, detachable: true },
  { what: "recorded close", call: "close", times: 5_000, detachable: false },
  { what: "recorded openat and close", call: "openat+close", times: 3_000, detachable: false },
] as const;

export async function run(): Promise<readonly BenchRow[] | string> {
  const dir = mkdtempSync(join(tmpdir(), "falco-trace-bench-"));
  try {
    return CASES.map((one) => measure(dir, one));
  } catch (error) {
    return reasonOf(error);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function measure(dir: string, { what, call, times, detachable }: (typeof CASES)[number]): BenchRow {
  const out = join(dir, "out");
  const command = [process.execPath, WORKLOAD, call, String(times)];
  const bare = Number(Bun.spawnSync(command, { stdin: "ignore" }).stdout.toString());
  const cpu = process.cpuUsage();
  const traced = traceCommand(["sh", "-c", `"$@" > "${out}"`, "sh", ...command], TRACED, { detachable });
  const { user, system } = process.cpuUsage(cpu);
  const under = Number(readFileSync(out, "utf8"));
  return {
    call: what,
    "bare ns": bare,
    "traced ns": under,
    "cost ns": under - bare,
    "calls/s": 1e9 / under,
    events: traced.events.length,
    "tracer CPU ms": (user + system) / 1000,
  };
}
