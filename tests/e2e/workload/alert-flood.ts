import { heapStats } from "bun:jsc";
import { loadConfig } from "../../../core/config/load.ts";
import type { LogLevel } from "../../../core/log.ts";
import type { OutputStats } from "../../../core/outputs/alert-queue.ts";
import { OutputQueue } from "../../../core/outputs/outputs.ts";
import { sampleAlert } from "../../harness/alert.ts";

/** Pushes alerts into the outputs of a configuration; a process of its own, so that its memory is this alone's. */
export interface FloodReport {
  readonly stats: readonly OutputStats[];
  readonly log: readonly string[];
  /** What the heap held more at its largest than when the bad output's queue was full, bytes after a collection. */
  readonly heapGrown: number;
  readonly rssGrown: number;
  readonly seconds: number;
}

const WARM = 30_000;
const SAMPLED = 10_000;
/** The good output is kept this far from its queue's end, whatever the machine's pace. */
const AHEAD = 5000;

const [count, good, ...overrides] = process.argv.slice(2);
const alerts = Number(count);
const started = performance.now();
const { config } = loadConfig({ searchPaths: [], overrides });
const log: string[] = [];
const outputs = new OutputQueue(config, {
  log: (level: LogLevel, message) => log.push(`${level}: ${message}`),
});
const waiting = (): number => outputs.stats().find(({ name }) => name === good)?.queued ?? 0;

const sizes = { heap: { warm: 0, peak: 0 }, rss: { warm: 0, peak: 0 } };
for (let i = 1; i <= alerts; i++) {
  outputs.push(sampleAlert({ message: `alert ${i - 1} ${"x".repeat(400)}` }));
  if (i % 1000 !== 0) continue;
  await outputs.room();
  while (waiting() > AHEAD) await Bun.sleep(1);
  await new Promise((resolve) => setImmediate(resolve));
  if (i % SAMPLED !== 0) continue;
  Bun.gc(true);
  const now = { heap: heapStats().heapSize, rss: process.memoryUsage.rss() };
  for (const kind of ["heap", "rss"] as const) {
    if (i <= WARM) sizes[kind].warm = Math.max(sizes[kind].warm, now[kind]);
    sizes[kind].peak = Math.max(sizes[kind].peak, now[kind]);
  }
}
while (waiting() > 0) await Bun.sleep(1);
await outputs.drain(1000);
const report: FloodReport = {
  stats: outputs.stats(),
  log,
  heapGrown: sizes.heap.peak - sizes.heap.warm,
  rssGrown: sizes.rss.peak - sizes.rss.warm,
  seconds: (performance.now() - started) / 1000,
};
await Bun.write(Bun.stdout, JSON.stringify(report));
process.exit(0);
