import { basename } from "node:path";
import { PRIORITIES } from "../outputs/alert.ts";
import { LOSSES } from "../outputs/alert-queue.ts";
import { Exposition } from "./exposition.ts";
import type { MetricsInput, MetricsOptions, SourceInput } from "./input.ts";
import { readings } from "./select.ts";
import { prometheusSubsystem, type Unit } from "./table.ts";

/** How a unit ends a metric's name, and what turns a reading into it. */
const UNITS: Readonly<
  Record<Unit, { readonly suffix: string; readonly factor: number; readonly decimals: number }>
> = {
  count: { suffix: "total", factor: 1, decimals: 0 },
  percent: { suffix: "ratio", factor: 0.01, decimals: 6 },
  kibibytes: { suffix: "bytes", factor: 1024, decimals: 6 },
  bytes: { suffix: "bytes", factor: 1, decimals: 6 },
};
/** Units inside names, which the suffix replaces. */
const INNER_UNITS = /_(?:kb|bytes|mb|percentage|perc|ratio|ns|ts|sec|total)(?=_|$)/g;

/** Units that a gauge of a plugin may end in: what its name ends in here, and what turns a reading into it. */
const GAUGE_UNITS: ReadonlyMap<string, readonly [suffix: string, factor: number]> = new Map([
  ["bytes", ["bytes", 1]],
  ["kb", ["bytes", 1024]],
  ["mb", ["bytes", 1024 * 1024]],
  ["ratio", ["ratio", 1]],
  ["perc", ["ratio", 0.01]],
  ["percentage", ["ratio", 0.01]],
  ["ns", ["nanoseconds", 1]],
  ["sec", ["seconds", 1]],
]);

/** The /metrics page: the reference's names, and what it does not count (alerts, outputs, rule costs). */
export function metricsPage(input: MetricsInput, options: MetricsOptions): string {
  const page = new Exposition();
  const info = (name: string, doc: string, labels: Record<string, string>): void =>
    page.add({ name: `${name}_info`, kind: "gauge", doc }, labels, "1");
  info("falco_version", "Version of falco.", { version: input.version });
  for (const { path, sha256 } of input.rulesFiles) {
    info("falco_sha256_rules_files", "Loaded rules files.", { file_name: basename(path), sha256 });
  }
  for (const { path, sha256 } of input.configFiles) {
    info("falco_sha256_config_files", "Loaded configuration files.", { file_name: basename(path), sha256 });
  }
  if (options.rules_counters_enabled) addRules(page, input);
  for (const source of input.sources) {
    const labels = { engine_name: source.engine, evt_source: source.source };
    info("scap_engine_name", "What delivers the events of a source.", labels);
  }
  // Without any source there are still the process's own readings.
  for (const source of input.sources.length > 0 ? input.sources : [undefined])
    addSource(page, source, input, options);
  info("falco_kernel_release", "Running kernel.", { kernel_release: input.kernelRelease });
  info("evt_hostname", "Name of this host.", { hostname: input.hostname });
  addOutputs(page, input);
  addTimes(page, input);
  return page.text();
}

function addRules(page: Exposition, { alerts, ruleCosts = [] }: MetricsInput): void {
  const doc = "Matches of each rule.";
  for (const { rule, source, priority, tags, count } of alerts.rules.values()) {
    const labels: Record<string, string> = {
      priority: String(PRIORITIES.indexOf(priority)),
      rule_name: rule,
      source,
    };
    for (const tag of tags) labels[`tag_${tag.replace(/[^a-zA-Z0-9_]/g, "_")}`] = "true";
    page.add({ name: "falco_rules_matches_total", kind: "counter", doc }, labels, String(count));
  }
  page.add(
    { name: "falco_alerts_total", kind: "counter", doc: "Alerts of all rules." },
    {},
    String(alerts.total),
  );
  for (const [tag, count] of alerts.byTag) {
    const family = {
      name: "falco_alerts_by_tag_total",
      kind: "counter",
      doc: "Alerts of rules with a tag.",
    } as const;
    page.add(family, { tag }, String(count));
  }
  for (const [priority, count] of alerts.byPriority) {
    const family = {
      name: "falco_alerts_by_priority_total",
      kind: "counter",
      doc: "Alerts of a priority.",
    } as const;
    page.add(family, { priority: priority.toLowerCase() }, String(count));
  }
  for (const { rule, source, evaluations, seconds } of ruleCosts) {
    const labels = { rule_name: rule, source };
    const runs = {
      name: "falco_rule_evaluations_total",
      kind: "counter",
      doc: "Evaluations of the condition of a rule, extrapolated from a sample of the events.",
    } as const;
    page.add(runs, labels, String(evaluations));
    const time = {
      name: "falco_rule_evaluation_seconds_total",
      kind: "counter",
      doc: "Processor time that the condition of a rule takes by itself, extrapolated likewise.",
    } as const;
    page.add(time, labels, seconds.toFixed(6));
  }
}

function addSource(
  page: Exposition,
  source: SourceInput | undefined,
  input: MetricsInput,
  options: MetricsOptions,
): void {
  for (const { metric, value } of readings(source, input, options)) {
    if (metric.eventOnly) continue;
    const { suffix, factor, decimals } = UNITS[metric.unit];
    const stem = (metric.family?.name ?? metric.name).replace(INNER_UNITS, "");
    const name = `${prometheusSubsystem(metric.group)}_${stem}_${suffix}`;
    // The first source's, the system calls' mostly, are without a label in the reference, which has no others.
    const labels =
      source === input.sources[0] ? (metric.family?.labels ?? {}) : { evt_source: source?.source ?? "" };
    page.add({ name, kind: metric.kind, doc: metric.doc }, labels, (value * factor).toFixed(decimals));
  }
  if (source && options.kernel_event_counters_per_cpu_enabled) {
    for (const [cpu, { events, drops }] of (source.perCpu ?? []).entries()) {
      const labels = { cpu: String(cpu) };
      const doc = "The same for each CPU.";
      page.add({ name: "scap_n_evts_cpu_total", kind: "counter", doc }, labels, String(events));
      page.add({ name: "scap_n_drops_cpu_total", kind: "counter", doc }, labels, String(drops));
    }
  }
  if (
    source &&
    options.kernel_event_counters_enabled &&
    source.counters.n_drops_buffer_open_exit !== undefined
  ) {
    // Enter events are not recorded any more; dashboards still add them up.
    for (const drop of ["clone_fork", "execve", "connect", "open", "dir_file", "other_interest"]) {
      const family = { name: "scap_n_drops_buffer_total", kind: "counter", doc: "" } as const;
      page.add(family, { dir: "enter", drop }, "0");
    }
  }
  if (source) addPrograms(page, source, options);
}

function addPrograms(
  page: Exposition,
  { programs = [], plugins = [] }: SourceInput,
  options: MetricsOptions,
): void {
  for (const { name, runs, nanoseconds } of options.libbpf_stats_enabled ? programs : []) {
    const stem = `scap_${name}`;
    page.add(
      { name: `${stem}_run_cnt_total`, kind: "counter", doc: "Runs of a BPF program." },
      {},
      String(runs),
    );
    const time = {
      name: `${stem}_run_time_nanoseconds_total`,
      kind: "counter",
      doc: "Time in a BPF program.",
    } as const;
    page.add(time, {}, String(nanoseconds));
    const average = runs > 0 ? Math.floor(nanoseconds / runs) : 0;
    page.add(
      { name: `${stem}_avg_time_nanoseconds`, kind: "gauge", doc: "Time of one run." },
      {},
      String(average),
    );
  }
  for (const { name, value, kind } of options.plugins_metrics_enabled ? plugins : []) {
    const stem = name.replace(INNER_UNITS, "");
    // The reference takes all that plugins report for counts.
    const unit = kind === "gauge" ? GAUGE_UNITS.get(name.slice(name.lastIndexOf("_") + 1)) : undefined;
    const [suffix, factor] = unit ?? ["total", 1];
    const family = { name: `plugins_${stem}_${suffix}`, kind, doc: "Reported by a plugin." };
    page.add(family, {}, String(value * factor));
  }
}

function addOutputs(page: Exposition, { outputs }: MetricsInput): void {
  const total = outputs.reduce(
    (sum, { lost }) => sum + LOSSES.reduce((part, loss) => part + lost[loss], 0),
    0,
  );
  const drops = {
    name: "falco_outputs_queue_num_drops_total",
    kind: "counter",
    doc: "Alerts lost by all outputs.",
  } as const;
  page.add(drops, {}, String(total));
  for (const { name: output, delivered, queued, filtered, lost } of outputs) {
    const add = (name: string, kind: "counter" | "gauge", doc: string, value: number, more = {}): void =>
      page.add({ name, kind, doc }, { output, ...more }, String(value));
    add("falco_outputs_delivered_total", "counter", "Alerts an output delivered.", delivered);
    add("falco_outputs_queue_depth", "gauge", "Alerts waiting for an output.", queued);
    add("falco_outputs_filtered_total", "counter", "Alerts below an output's priority.", filtered);
    for (const cause of LOSSES)
      add("falco_outputs_lost_total", "counter", "Alerts an output lost.", lost[cause], { cause });
  }
}

function addTimes(page: Exposition, input: MetricsInput): void {
  const stamp = (name: string, doc: string, value: bigint): void =>
    page.add({ name: `falco_${name}_timestamp_nanoseconds`, kind: "gauge", doc }, {}, String(value));
  stamp("reload", "When the configuration was last loaded.", input.reloaded);
  stamp("start", "When falco started.", input.started);
  const seconds = (input.now - input.started) / 1_000_000_000n;
  const running = {
    name: "falco_duration_seconds_total",
    kind: "counter",
    doc: "How long falco has been running.",
  } as const;
  page.add(running, {}, String(seconds));
  stamp("host_boot", "When the host booted.", input.booted);
  page.add(
    { name: "falco_host_num_cpus_total", kind: "gauge", doc: "CPUs of the host." },
    {},
    String(input.cpus),
  );
}
