import type { MetricsInput, MetricsOptions } from "../../core/metrics/input.ts";
import { metrics } from "../../core/metrics/table.ts";
import { AlertCounts } from "../../core/outputs/statistics.ts";
import { sampleAlert } from "./alert.ts";

export const allMetrics: MetricsOptions = {
  rules_counters_enabled: true,
  resource_utilization_enabled: true,
  state_counters_enabled: true,
  kernel_event_counters_enabled: true,
  kernel_event_counters_per_cpu_enabled: false,
  libbpf_stats_enabled: true,
  plugins_metrics_enabled: true,
  kernel_iter_event_counters_enabled: true,
  convert_memory_to_mb: true,
  include_empty_values: false,
};

/** A program that has run for eight seconds and counted everything once. */
export function sampleMetricsInput(overrides: Partial<MetricsInput> = {}): MetricsInput {
  const alerts = new AlertCounts();
  alerts.add(sampleAlert());
  alerts.add(sampleAlert({ rule: 'A "quoted" \\ rule', tags: ["a.b", "a_b"] }));
  const byGroup = (resource: boolean): Record<string, number> =>
    Object.fromEntries(
      metrics
        .filter(({ group }) => (group === "resource_utilization") === resource)
        .map(({ name }, i) => [name, i + 1]),
    );
  return {
    version: "0.44.1",
    hostname: "vm",
    kernelRelease: "6.18.44",
    cpus: 2,
    now: 1795217939512149239n,
    started: 1795217930863131574n,
    reloaded: 1795217929493151681n,
    booted: 1795213812000000000n,
    rulesFiles: [{ path: "/etc/falco/falco_rules.yaml", sha256: "1c15" }],
    configFiles: [{ path: "/etc/falco/falco.yaml", sha256: "f8d7" }],
    sources: [{ source: "syscall", engine: "modern_bpf", processed: 100, counters: byGroup(false) }],
    alerts,
    outputs: [
      {
        name: "stdout",
        taken: 10,
        delivered: 6,
        queued: 1,
        filtered: 2,
        lost: { queue_full: 3, rate_limit: 0, error: 0, shutdown: 0 },
      },
    ],
    resources: byGroup(true),
    addresses: [{ name: "eth0", ipv4: ["192.0.2.2"], ipv6: ["fd00:0:0:0:0:0:0:2"] }],
    ...overrides,
  };
}
