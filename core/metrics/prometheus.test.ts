import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CONFORMANCE } from "../../tests/conformance/location.ts";
import { allMetrics, sampleMetricsInput } from "../../tests/harness/metrics-input.ts";
import { installed } from "../../tests/harness/programs.ts";
import { metricsPage } from "./prometheus.ts";

const sample = (page: string, start: string): string | undefined =>
  page
    .split("\n")
    .find((line) => line.startsWith(start))
    ?.split(" ")
    .at(-1);

test("metricsPage converts units and names them", () => {
  const resources = { cpu_usage_perc: 28.4, memory_rss_kb: 58504, container_memory_used_bytes: 1635311616 };
  const page = metricsPage(sampleMetricsInput({ resources }), allMetrics);
  expect(sample(page, "falcosecurity_falco_cpu_usage_ratio ")).toBe("0.284000");
  expect(sample(page, "falcosecurity_falco_memory_rss_bytes ")).toBe("59908096.000000");
  expect(sample(page, "falcosecurity_falco_container_memory_used_bytes ")).toBe("1635311616.000000");
  expect(sample(page, "falcosecurity_falco_duration_seconds_total ")).toBe("8");
  expect(sample(page, "falcosecurity_falco_reload_timestamp_nanoseconds ")).toBe("1795217929493151681");
});

test("metricsPage counts alerts by rule, tag and priority, and what outputs lost by cause", () => {
  const page = metricsPage(sampleMetricsInput(), allMetrics);
  expect(page).toContain(
    'falcosecurity_falco_rules_matches_total{priority="4",rule_name="Read sensitive file untrusted",source="syscall",tag_T1555="true",tag_filesystem="true"} 1\n',
  );
  expect(page).toContain('rule_name="A \\"quoted\\" \\\\ rule"');
  expect(sample(page, "falcosecurity_falco_alerts_total ")).toBe("2");
  expect(sample(page, 'falcosecurity_falco_alerts_by_tag_total{tag="T1555"}')).toBe("1");
  expect(sample(page, 'falcosecurity_falco_alerts_by_priority_total{priority="warning"}')).toBe("2");
  expect(sample(page, 'falcosecurity_falco_outputs_lost_total{cause="queue_full",output="stdout"}')).toBe(
    "3",
  );
  expect(sample(page, 'falcosecurity_falco_outputs_queue_depth{output="stdout"}')).toBe("1");
  expect(sample(page, "falcosecurity_falco_outputs_queue_num_drops_total ")).toBe("3");
});

test("metricsPage prints rule costs, CPUs and BPF programs where they are given", () => {
  const [source] = sampleMetricsInput().sources;
  const page = metricsPage(
    sampleMetricsInput({
      ruleCosts: [{ rule: "r", source: "syscall", evaluations: 7, seconds: 0.25 }],
      sources: [
        {
          ...source!,
          perCpu: [{ events: 5, drops: 1 }],
          programs: [{ name: "sys_exit", runs: 4, nanoseconds: 10 }],
        },
      ],
    }),
    { ...allMetrics, kernel_event_counters_per_cpu_enabled: true },
  );
  expect(sample(page, "falcosecurity_falco_rule_evaluation_seconds_total{")).toBe("0.250000");
  expect(sample(page, 'falcosecurity_scap_n_evts_cpu_total{cpu="0"}')).toBe("5");
  expect(sample(page, "falcosecurity_scap_sys_exit_avg_time_nanoseconds ")).toBe("2");
});

test("metricsPage keeps the unit that a gauge of a plugin ends in; other numbers of plugins end in total", () => {
  const [source] = sampleMetricsInput().sources;
  const plugins = [
    { name: "p.cache_bytes", value: 4096, kind: "gauge" },
    { name: "p.heap_kb", value: 2, kind: "gauge" },
    { name: "p.load_perc", value: 50, kind: "gauge" },
    { name: "p.n_containers", value: 7, kind: "gauge" },
    { name: "p.bytes", value: 8, kind: "gauge" },
    { name: "p.read_bytes", value: 9, kind: "counter" },
  ] as const;
  const page = metricsPage(sampleMetricsInput({ sources: [{ ...source!, plugins }] }), allMetrics);
  expect(page.split("\n").filter((line) => line.startsWith("falcosecurity_plugins_"))).toEqual([
    "falcosecurity_plugins_p_cache_bytes 4096",
    "falcosecurity_plugins_p_heap_bytes 2048",
    "falcosecurity_plugins_p_load_ratio 0.5",
    "falcosecurity_plugins_p_n_containers_total 7",
    "falcosecurity_plugins_p_bytes_total 8",
    "falcosecurity_plugins_p_read_total 9",
  ]);
});

test("metricsPage shows what each source lost: the first without a label, the others by their name", () => {
  const source = (name: string, counters: Record<string, number>) => ({
    source: name,
    engine: name === "syscall" ? "modern_bpf" : "source_plugin",
    processed: 1,
    counters,
  });
  const sources = [
    source("syscall", { n_evts: 100, n_drops: 1, n_threads: 5 }),
    source("k8s_audit", { n_evts: 20, n_drops: 2, n_threads: 6 }),
    source("dummy", { n_evts: 30, n_drops: 3 }),
  ];
  const page = metricsPage(sampleMetricsInput({ sources }), allMetrics);
  expect(
    page.split("\n").filter((line) => /^falcosecurity_scap_n_(?:drops|evts|threads)_total/.test(line)),
  ).toEqual([
    "falcosecurity_scap_n_evts_total 100",
    'falcosecurity_scap_n_evts_total{evt_source="k8s_audit"} 20',
    'falcosecurity_scap_n_evts_total{evt_source="dummy"} 30',
    "falcosecurity_scap_n_drops_total 1",
    'falcosecurity_scap_n_drops_total{evt_source="k8s_audit"} 2',
    'falcosecurity_scap_n_drops_total{evt_source="dummy"} 3',
    "falcosecurity_scap_n_threads_total 5",
  ]);
});

test("metricsPage leaves out what is switched off", () => {
  const off = Object.fromEntries(
    Object.keys(allMetrics).map((key) => [key, false]),
  ) as unknown as typeof allMetrics;
  const page = metricsPage(sampleMetricsInput(), off);
  expect(page).not.toMatch(/scap_n_|memory_rss|rules_matches/);
  expect(page).toContain("falcosecurity_falco_version_info");
});

const recorded = join(CONFORMANCE, "surface/metrics.prom");
if (!existsSync(recorded)) console.error(`skipped: no recorded metrics at ${recorded} (FALCO_CONFORMANCE)`);
test.skipIf(!existsSync(recorded))(
  "metricsPage has every recorded family with its type and label names",
  () => {
    const shapes = (page: string): string[] => {
      const kinds = new Map<string, string>();
      const out = new Set<string>();
      for (const line of page.split("\n")) {
        const [, name, kind] = /^# TYPE (\S+) (\S+)/.exec(line) ?? [];
        if (name && kind) kinds.set(name, kind);
        const [, family, labels = ""] = /^([a-z_]\w*)(?:\{(.*)\})? /.exec(line) ?? [];
        if (family && !line.startsWith("#")) {
          out.add(
            `${family} ${kinds.get(family)} ${[...labels.matchAll(/(\w+)="/g)].map((match) => match[1]).join(",")}`,
          );
        }
      }
      return [...out];
    };
    const ours = new Set(shapes(metricsPage(sampleMetricsInput(), allMetrics)));
    const theirs = shapes(readFileSync(recorded, "utf8"));
    expect(theirs.length).toBeGreaterThan(50);
    expect(theirs.filter((shape) => !ours.has(shape))).toEqual([]);
  },
);

const promtool = installed("promtool", "prometheus");
test.skipIf(!promtool)("metricsPage passes promtool's check but for names that dashboards know", async () => {
  const child = Bun.spawn([promtool!, "check", "metrics"], { stdin: "pipe", stdout: "pipe", stderr: "pipe" });
  child.stdin.write(metricsPage(sampleMetricsInput(), allMetrics));
  await child.stdin.end();
  const complaints = (await new Response(child.stderr).text()).split("\n").filter((line) => line !== "");
  await child.exited;
  // Names of the reference that end in _total without being counters, or spell their unit its own way.
  const known =
    /non-counter metrics should not have "_total" suffix|use base unit "seconds" instead of "nanoseconds"|metric names should not contain abbreviated units/;
  expect(complaints.filter((line) => !known.test(line))).toEqual([]);
});
