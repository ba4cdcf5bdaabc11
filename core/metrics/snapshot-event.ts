import { basename } from "node:path";
import type { FieldValue } from "../outputs/alert.ts";
import { LOSSES } from "../outputs/alert-queue.ts";
import type { MetricsInput, MetricsOptions, SourceInput } from "./input.ts";
import { metricWord, type Reading, readings } from "./select.ts";
import { eventPrefix } from "./table.ts";

type Fields = Record<string, FieldValue>;

const tenth = (value: number): number => Math.round(value * 10) / 10;
const NS = 1_000_000_000;

/** What the last snapshot of a source saw, for rates and differences. */
interface Last {
  readonly now: bigint;
  readonly processed: number;
  readonly events: number;
  readonly drops: number;
}

/** Makes the fields of metrics events: one object a source and snapshot, sorted by name. */
export class SnapshotEvents {
  readonly #last = new Map<string, Last>();

  take(source: SourceInput, input: MetricsInput, options: MetricsOptions): Fields {
    const last = this.#last.get(source.source) ?? { now: 0n, processed: 0, events: 0, drops: 0 };
    const seconds = last.now > 0n ? Number(input.now - last.now) / NS : 0;
    const fields: Fields = {};
    addIdentity(fields, source, input);
    if (last.processed !== 0 && seconds > 0) {
      fields["falco.evts_rate_sec"] = tenth((source.processed - last.processed) / seconds);
    }
    fields["falco.num_evts"] = source.processed;
    fields["falco.num_evts_prev"] = last.processed;
    if (options.rules_counters_enabled) addRules(fields, input);
    const counters = readings(source, input, options);
    for (const reading of counters) addReading(fields, reading, options);
    if (options.kernel_event_counters_enabled) addDrops(fields, counters, last, seconds);
    addPerCpu(fields, source, options);
    addPrograms(fields, source, options);
    const { counters: named } = source;
    this.#last.set(source.source, {
      now: input.now,
      processed: source.processed,
      events: named.n_evts ?? 0,
      drops: named.n_drops ?? 0,
    });
    return Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

function addIdentity(fields: Fields, source: SourceInput, input: MetricsInput): void {
  fields["evt.time"] = input.now;
  fields["evt.hostname"] = input.hostname;
  fields["evt.source"] = source.source;
  fields["scap.engine_name"] = source.engine;
  fields["falco.version"] = input.version;
  fields["falco.start_ts"] = input.started;
  fields["falco.reload_ts"] = input.reloaded;
  fields["falco.duration_sec"] = (input.now - input.started) / BigInt(NS);
  fields["falco.kernel_release"] = input.kernelRelease;
  fields["falco.host_boot_ts"] = input.booted;
  fields["falco.host_num_cpus"] = input.cpus;
  fields["falco.outputs_queue_num_drops"] = input.outputs.reduce(
    (sum, { lost }) => sum + LOSSES.reduce((part, loss) => part + lost[loss], 0),
    0,
  );
  for (const { path, sha256 } of input.rulesFiles)
    fields[`falco.sha256_rules_file.${metricWord(basename(path))}`] = sha256;
  for (const { path, sha256 } of input.configFiles) {
    fields[`falco.sha256_config_file.${metricWord(basename(path))}`] = sha256;
  }
  for (const { name, ipv4, ipv6 } of input.addresses) {
    const prefix = `falco.host_netinfo.interfaces.${name}.protocols`;
    if (ipv4.length > 0) fields[`${prefix}.ipv4.addresses`] = ipv4.join(",");
    if (ipv6.length > 0) fields[`${prefix}.ipv6.addresses`] = ipv6.join(",");
  }
}

function addRules(fields: Fields, { alerts }: MetricsInput): void {
  fields["falco.rules.matches_total"] = alerts.total;
  for (const { rule, count } of alerts.rules.values()) fields[`falco.rules.${metricWord(rule)}`] = count;
}

function addReading(fields: Fields, { metric, value }: Reading, options: MetricsOptions): void {
  if (value === 0 && !metric.always && !options.include_empty_values) return;
  const prefix = eventPrefix(metric.group);
  const kibibytes = metric.unit === "kibibytes";
  if (options.convert_memory_to_mb && (kibibytes || metric.unit === "bytes")) {
    const name = metric.name.replace(/_(?:kb|bytes)$/, "_mb");
    fields[`${prefix}.${name}`] = tenth(value / 1024 / (kibibytes ? 1 : 1024));
  } else {
    fields[`${prefix}.${metric.name}`] = value;
  }
}

/** Rates and shares of events and drops since the last snapshot; printed even when they are zero. */
function addDrops(fields: Fields, counters: readonly Reading[], last: Last, seconds: number): void {
  const read = (name: string): number | undefined =>
    counters.find(({ metric }) => metric.name === name)?.value;
  const events = read("n_evts");
  const drops = read("n_drops");
  if (events === undefined || drops === undefined) return;
  const rate = (difference: number): number =>
    difference !== 0 && seconds > 0 ? tenth(difference / seconds) : 0;
  const newEvents = events - last.events;
  const newDrops = drops - last.drops;
  fields["scap.n_evts_prev"] = last.events;
  fields["scap.evts_rate_sec"] = rate(newEvents);
  fields["scap.n_drops_prev"] = last.drops;
  fields["scap.evts_drop_rate_sec"] = rate(newDrops);
  fields["scap.n_drops_perc"] = newEvents > 0 ? (100 * newDrops) / newEvents : 0;
}

function addPerCpu(fields: Fields, { perCpu = [] }: SourceInput, options: MetricsOptions): void {
  if (!options.kernel_event_counters_per_cpu_enabled) return;
  for (const [cpu, { events, drops }] of perCpu.entries()) {
    if (events > 0 || options.include_empty_values) fields[`scap.n_evts_cpu_${cpu}`] = events;
    if (drops > 0 || options.include_empty_values) fields[`scap.n_drops_cpu_${cpu}`] = drops;
  }
}

function addPrograms(
  fields: Fields,
  { programs = [], plugins = [] }: SourceInput,
  options: MetricsOptions,
): void {
  const set = (name: string, value: number): void => {
    if (value !== 0 || options.include_empty_values) fields[name] = value;
  };
  if (options.libbpf_stats_enabled) {
    for (const { name, runs, nanoseconds } of programs) {
      set(`scap.${name}.run_cnt`, runs);
      set(`scap.${name}.run_time_ns`, nanoseconds);
      set(`scap.${name}.avg_time_ns`, runs > 0 ? Math.floor(nanoseconds / runs) : 0);
    }
  }
  if (options.plugins_metrics_enabled) for (const { name, value } of plugins) set(`plugins.${name}`, value);
}
