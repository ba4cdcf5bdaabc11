import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CONFORMANCE } from "../../tests/conformance/location.ts";
import { allMetrics, sampleMetricsInput } from "../../tests/harness/metrics-input.ts";
import { SnapshotEvents } from "./snapshot-event.ts";

const recorded = join(CONFORMANCE, "surface/metrics-event.json");
if (!existsSync(recorded))
  console.error(`skipped: no recorded metrics event at ${recorded} (FALCO_CONFORMANCE)`);
test.skipIf(!existsSync(recorded))(
  "SnapshotEvents prints the recorded field names with values of the same type",
  () => {
    const theirs = (JSON.parse(readFileSync(recorded, "utf8")) as { output_fields: Record<string, unknown> })
      .output_fields;
    const input = sampleMetricsInput();
    const ours = new SnapshotEvents().take(input.sources[0]!, input, allMetrics);
    const kind = (value: unknown): string => (typeof value === "bigint" ? "number" : typeof value);
    for (const [name, value] of Object.entries(theirs))
      expect(`${name} ${kind(ours[name])}`).toBe(`${name} ${kind(value)}`);
    expect(Object.keys(ours)).toEqual(Object.keys(ours).toSorted());
  },
);

test("SnapshotEvents gives rates and shares against the snapshot before", () => {
  const events = new SnapshotEvents();
  const at = (seconds: bigint, processed: number, n_evts: number, n_drops: number) => {
    const [source] = sampleMetricsInput().sources;
    const input = sampleMetricsInput({
      now: 1795217930863131574n + seconds * 1_000_000_000n,
      sources: [{ ...source!, processed, counters: { n_evts, n_drops } }],
    });
    return events.take(input.sources[0]!, input, allMetrics);
  };
  expect(at(1n, 100, 110, 0)).toMatchObject({
    "falco.num_evts": 100,
    "falco.num_evts_prev": 0,
    "scap.n_evts_prev": 0,
    "scap.n_drops": 0,
  });
  expect(at(3n, 300, 510, 40)).toMatchObject({
    "falco.evts_rate_sec": 100,
    "falco.num_evts_prev": 100,
    "scap.evts_rate_sec": 200,
    "scap.evts_drop_rate_sec": 20,
    "scap.n_drops_perc": 10,
    "scap.n_drops_prev": 0,
  });
});

test("SnapshotEvents converts memory only where it is asked to", () => {
  const input = sampleMetricsInput({
    resources: { memory_rss_kb: 67482, container_memory_used_bytes: 312475648 },
  });
  const take = (convert_memory_to_mb: boolean) =>
    new SnapshotEvents().take(input.sources[0]!, input, { ...allMetrics, convert_memory_to_mb });
  expect(take(true)).toMatchObject({ "falco.memory_rss_mb": 65.9, "falco.container_memory_used_mb": 298 });
  expect(take(false)).toMatchObject({
    "falco.memory_rss_kb": 67482,
    "falco.container_memory_used_bytes": 312475648,
  });
});

test("SnapshotEvents leaves zeros out, but not those that are always there", () => {
  const [source] = sampleMetricsInput().sources;
  const input = sampleMetricsInput({
    sources: [{ ...source!, counters: { n_evts: 0, n_drops: 0, n_threads: 0 } }],
  });
  const take = (include_empty_values: boolean) =>
    new SnapshotEvents().take(input.sources[0]!, input, { ...allMetrics, include_empty_values });
  expect(take(false)).toMatchObject({ "scap.n_evts": 0, "scap.n_drops": 0, "scap.n_drops_perc": 0 });
  expect(take(false)["falco.n_threads"]).toBeUndefined();
  expect(take(true)["falco.n_threads"]).toBe(0);
});
