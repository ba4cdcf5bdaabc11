import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "..", "..");
/** From the sources, or the binary that FALCO_BINARY names. */
const COMMAND = process.env.FALCO_BINARY
  ? [process.env.FALCO_BINARY]
  : [process.execPath, join(ROOT, "cmd", "main.ts")];
/** Ticks of /proc/<pid>/stat. */
const TICKS_PER_SECOND = 100;

/** A `falco run` that is measured. */
export interface Falco {
  readonly pid: number;
  /** Value of a metric of the Prometheus page; 0 when absent. */
  metric(name: string): Promise<number>;
  stop(): Promise<void>;
}

/** Starts it with the metrics page on, no outputs, and its own rules unless others are given; returns when events flow. */
export async function startFalco(
  extra: Readonly<Record<string, string>> = {},
  rules?: string,
): Promise<Falco> {
  const dir = mkdtempSync(join(tmpdir(), "falco-bench-"));
  const probe = Bun.serve({ port: 0, fetch: () => new Response() });
  const port = probe.port;
  await probe.stop(true);
  const options = {
    "webserver.listen_address": "127.0.0.1",
    "webserver.listen_port": port,
    "webserver.prometheus_metrics_enabled": true,
    "metrics.enabled": true,
    "metrics.state_counters_enabled": true,
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
  const child = Bun.spawn([...COMMAND, "run", ...flags], {
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
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Kilobytes of a process's memory: what is resident, or was at most. */
export function memoryKb(pid: number, key: "VmRSS" | "VmHWM"): number {
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  return Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, "m").exec(status)?.[1] ?? 0);
}

export const residentMegabytes = (pid: number): number => memoryKb(pid, "VmRSS") / 1024;
