import type { MetricsInput, MetricsOptions, SourceInput } from "./input.ts";
import { type Metric, metrics } from "./table.ts";

/** A counter that is switched on and reported, with its declaration. */
export interface Reading {
  readonly metric: Metric;
  readonly value: number;
}

/** What any source counts: events that reached it, and those of them that were lost. */
const OF_EVERY_SOURCE: ReadonlySet<string> = new Set(["n_evts", "n_drops"]);

/**
 * Readings of one source in table order. Kernel, state and process are the first source's; other sources (plugins) have
 * none of their own but what they brought and lost.
 */
export function readings(
  source: SourceInput | undefined,
  input: MetricsInput,
  options: MetricsOptions,
): Reading[] {
  const isFirst = source === input.sources[0];
  const out: Reading[] = [];
  for (const metric of metrics) {
    if (!options[`${metric.group}_enabled`] || !(isFirst || OF_EVERY_SOURCE.has(metric.name))) continue;
    const from = metric.group === "resource_utilization" ? input.resources : (source?.counters ?? {});
    const value = from[metric.name];
    if (value !== undefined) out.push({ metric, value });
  }
  return out;
}

/** A rule's or file's name as part of a metric name: letters, digits and single underscores. */
export const metricWord = (name: string): string =>
  name
    .replace(/[^a-zA-Z0-9_:]/g, "_")
    .replace(/_+/g, "_")
    .replace(/_$/, "");
