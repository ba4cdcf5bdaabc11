import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { whyNoEbpf } from "../e2e/live-recorder.ts";
import type { BenchRow } from "./bench.ts";

const ROOT = join(import.meta.dir, "..", "..");
const CALLS = 1_000_000;
const IDLE_SECONDS = 10;
/** Until counts have been taken over and start-up is done with. */
const SETTLE_MS = 2000;
/** Ticks of /proc/<pid>/stat. */
const TICKS_PER_SECOND = 100;

export const name = "live";
export const description =
  "a million calls under `falco run` with its own rules, against the same without; of an unwanted call at most 60 ns, of an open with its close at most 500 ns more, nothing lost; idle below 0.5 % of a CPU";

interface Falco {
  readonly pid: number;
  /** Value of a metric of the Prometheus page; 0 when absent. */
  metric(name: string): Promise<number>;
  stop(): Promise<void>;
}

async function startFalco(extra: Readonly<Record<string, string>> = {}, rules?: string): Promise<Falco> {
  const dir = mkdtempSync(join(tmpdir(), "falco-bench-"));
  const probe = Bun.serve({ port: 0, fetch: () => new Response() });
  const port = probe.port;
  await probe.stop(true);
  const options = {
    "webserver.listen_address": "127.0.0.1",
    "webserver.listen_port": port,
    "webserver.prometheus_metrics_enabled": true,
    "metrics.enabled": true,
    "metrics.interval": "1h",
    "syslog_output.enabled": false,
    "stdout_output.enabled": false,
    ...extra,
  };
  const flags = Object.entries(options).flatMap(([key, value]) => ["-o", `${key}=${value}`]);
  const file = join(dir, "rules.yaml");
  if (rules !== undefined) {
    await Bun.write(file, rules);
    flags.push("-r", file);
  }
  const child = Bun.spawn([process.execPath, join(ROOT, "cmd", "main.ts"), "run", ...flags], {
    cwd: ROOT,
    stdout: "ignore",
    stderr: Bun.file(join(dir, "log")),
  });
  const page = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  for (let tries = 0; tries < 100 && child.exitCode === null; tries++) {
    if (
      await page().then(
        (text) => text.includes("scap_n_evts"),
        () => false,
      )
    )
      break;
    await Bun.sleep(100);
  }
  return {
    pid: child.pid,
    metric: async (name) =>
      Number(new RegExp(`^falcosecurity_${name} (\\S+)$`, "m").exec(await page())?.[1] ?? 0),
    stop: async () => {
      child.kill("SIGTERM");
      await child.exited;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Seconds of CPU that a process has used. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

const residentMegabytes = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] ?? 0) / 1024;

/** Nanoseconds a call, in the best round. */
async function load(kind: string): Promise<number> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "live-load.ts"), kind, String(CALLS)], {
    stdout: "pipe",
  });
  return Number(await new Response(child.stdout).text());
}

async function measure(falco: Falco, kind: string, without: number): Promise<BenchRow> {
  const before = {
    cpu: cpuSeconds(falco.pid),
    time: performance.now(),
    lost: await falco.metric("scap_n_drops_total"),
  };
  const events = await falco.metric("scap_n_evts_total");
  const ns = await load(kind);
  const seconds = (performance.now() - before.time) / 1000;
  const cpu = cpuSeconds(falco.pid) - before.cpu;
  await Bun.sleep(SETTLE_MS);
  return {
    load: kind,
    "ns without": without,
    "ns with": ns,
    "ns added": ns - without,
    events: (await falco.metric("scap_n_evts_total")) - events,
    lost: (await falco.metric("scap_n_drops_total")) - before.lost,
    "falco CPU %": (100 * cpu) / seconds,
    "RSS MB": residentMegabytes(falco.pid),
  };
}

const QUIET_RULE = `
- rule: never
  desc: Watches a call that nobody makes, so that a busy machine looks idle.
  condition: evt.type = delete_module
  output: never
  priority: DEBUG
`;

async function measureIdle(): Promise<BenchRow> {
  const falco = await startFalco({ "base_syscalls.custom_set": "[delete_module]" }, QUIET_RULE);
  await Bun.sleep(SETTLE_MS);
  const events = await falco.metric("scap_n_evts_total");
  const start = cpuSeconds(falco.pid);
  await Bun.sleep(IDLE_SECONDS * 1000);
  const cpu = (100 * (cpuSeconds(falco.pid) - start)) / IDLE_SECONDS;
  const row = {
    load: "idle",
    events: (await falco.metric("scap_n_evts_total")) - events,
    "falco CPU %": cpu,
    "RSS MB": residentMegabytes(falco.pid),
  };
  await falco.stop();
  return row;
}

export async function run(): Promise<readonly BenchRow[] | string> {
  const reason = whyNoEbpf();
  if (reason) return reason;
  const kinds = ["open+close", "read of 1 byte"];
  const without: number[] = [];
  for (const kind of kinds) without.push(await load(kind));
  const falco = await startFalco();
  const rows: BenchRow[] = [];
  for (const [i, kind] of kinds.entries()) rows.push(await measure(falco, kind, without[i]!));
  await falco.stop();
  rows.push(await measureIdle());
  return rows;
}
