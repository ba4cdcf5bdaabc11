import { join } from "node:path";
import { whyNoEbpf } from "../e2e/live-recorder.ts";
import type { BenchRow } from "./bench.ts";
import { cpuSeconds, type Falco, residentMegabytes, startFalco } from "./falco-process.ts";

const CALLS = 1_000_000;
const IDLE_SECONDS = 30;
/** Until start-up's garbage is cleared away and what is compiled is compiled. */
const IDLE_SETTLE_MS = 60_000;
/** Until counts have been taken over and start-up is done with. */
const SETTLE_MS = 2000;

export const name = "live";
export const description =
  "a million calls under `falco run` with its own rules, against the same without; of an unwanted call at most 60 ns, of an open with its close at most 500 ns more, nothing lost; idle below 0.5 % of a CPU";

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
  await Bun.sleep(IDLE_SETTLE_MS);
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
