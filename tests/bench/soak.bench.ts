import { whyNoEbpf } from "../e2e/live-recorder.ts";
import type { BenchRow } from "./bench.ts";
import { cpuSeconds, residentMegabytes, startFalco } from "./falco-process.ts";

/** How long, in seconds: FALCO_SOAK_SECONDS, 600 for the real thing. */
const SECONDS = Number(process.env.FALCO_SOAK_SECONDS ?? 60);
const SAMPLES = 6;
/** Starts programs one after the other, for a second. */
const FORKS =
  "end=$(($(date +%s) + 1)); n=0; while [ $(date +%s) -lt $end ]; do for i in 1 2 3 4 5 6 7 8; do (:) ; /bin/true; done; done";

export const name = "soak";
export const description =
  "bursts of new processes under `falco run` for FALCO_SOAK_SECONDS (60); memory and the thread table are to stay flat, nothing is to be lost";

export async function run(): Promise<readonly BenchRow[] | string> {
  const reason = whyNoEbpf();
  if (reason) return reason;
  const falco = await startFalco();
  const rows: BenchRow[] = [];
  const start = performance.now();
  for (let i = 1; i <= SAMPLES; i++) {
    const cpu = cpuSeconds(falco.pid);
    const before = performance.now();
    const events = await falco.metric("scap_n_evts_total");
    const until = start + (i * SECONDS * 1000) / SAMPLES;
    while (performance.now() < until) await Bun.spawn(["sh", "-c", FORKS]).exited;
    await Bun.sleep(1500);
    const seconds = (performance.now() - before) / 1000;
    rows.push({
      "after s": (performance.now() - start) / 1000,
      "events/s": ((await falco.metric("scap_n_evts_total")) - events) / seconds,
      lost: await falco.metric("scap_n_drops_total"),
      threads: await falco.metric("scap_n_threads_total"),
      "falco CPU %": (100 * (cpuSeconds(falco.pid) - cpu)) / seconds,
      "RSS MB": residentMegabytes(falco.pid),
    });
  }
  await falco.stop();
  return rows;
}
