import { readFileSync } from "node:fs";
import { findPlugin } from "./capture/plugin/find.ts";
import type { PluginSetting } from "./capture/plugin/plugin.ts";
import { commandLine } from "./command-line.ts";
import type { LoadedConfig } from "./config/load.ts";
import type { Config } from "./config/schema.ts";
import type { EngineStats } from "./engine/messages.ts";
import type { RulesReport } from "./engine/ruleset.ts";
import { eventSourceOf } from "./engine/source-engine.ts";
import type { SourceSpec } from "./engine/source-spec.ts";
import type { Log } from "./log.ts";
import type { LookupOptions } from "./metadata/container-lookup.ts";
import { formatStatistics } from "./outputs/statistics.ts";
import type { Selection } from "./rules/select.ts";
import { VERSIONS } from "./versions.ts";

// What a run says of itself at its start and end, in the words that existing tooling looks for.

/** Version, configuration files, and what is wrong with them. */
export function announce(log: Log, { files, warnings }: LoadedConfig): void {
  const machine = process.arch === "arm64" ? "aarch64" : "x86_64";
  log.log("info", `Falco version: ${VERSIONS.falco} (${machine})`);
  log.log("debug", `CLI args: ${commandLine()}`);
  log.log("info", "Falco initialized with configuration files:");
  if (files.length === 0) log.log("info", "   built-in configuration | schema validation: ok");
  for (const { path, status } of files) log.log("info", `   ${path} | schema validation: ${status}`);
  for (const { findings } of files) {
    for (const { place, message, hint } of findings) {
      const where = `${place.file}:${place.line}:${place.column}`;
      log.log("warning", `${where}: ${message}${hint ? ` (${hint})` : ""}`);
    }
  }
  for (const warning of warnings) log.log("warning", warning);
}

export function tellPlugins(log: Log, plugins: readonly PluginSetting[]): void {
  for (const setting of plugins) {
    const { name, version } = findPlugin(setting).info;
    const from = setting.library === undefined ? ", built in" : ` from file ${setting.library}`;
    log.log("info", `Loaded plugin '${name}@${version}'${from}`);
  }
}

/** The kernel, where falco watches it, and the name that alerts carry, where it is not the machine's own. */
export function tellSystem(log: Log, source: SourceSpec, hostname = process.env.FALCO_HOSTNAME): void {
  if (source.kind === "modern_ebpf") {
    log.log("info", `System info: ${readFileSync("/proc/version", "utf8").trimEnd()}`);
  }
  if (hostname) {
    log.log("info", `Hostname value has been overridden via environment variable to: ${hostname}`);
  }
}

export function tellPrintIsOld(log: Log): void {
  const instead = "Use -o append_output=... instead.";
  log.log("warning", `The -p/--print option is deprecated and will be removed. ${instead}`);
}

/** Container runtimes that are asked, as the reference's container plugin lists them. */
export function tellRuntimes(log: Log, lookup: LookupOptions): void {
  for (const engine of ["podman", "docker", "cri", "containerd"] as const) {
    const { enabled, sockets } = lookup[engine];
    if (!enabled) continue;
    log.libs("info", `container: Enabled '${engine}' container engine.`);
    for (const socket of sockets) {
      log.libs("info", `container: * enabled container runtime socket at '${socket}'`);
    }
  }
  for (const engine of ["lxc", "libvirt_lxc", "bpm"]) {
    log.libs("info", `container: Enabled '${engine}' container engine.`);
  }
}

/** Which rules the configuration switches on and off. */
export function tellSelections(log: Log, selections: readonly Selection[]): void {
  for (const { operation, rule, tag } of selections) {
    const verb = operation === "enable" ? "Enabling" : "Disabling";
    if (rule !== undefined) log.log("info", `${verb} rules with name: ${rule}`);
    if (tag !== undefined) log.log("info", `${verb} rules with tag: ${tag}`);
  }
}

/** What loading each rules file gave. */
export function tellRules(log: Log, report: RulesReport): void {
  for (const { name, schema, text, successful, failure } of report.files) {
    log.log("info", `   ${name} | schema validation: ${schema}`);
    if (successful && text) log.log("warning", text);
    if (successful || !failure) continue;
    const { hint } = failure.options;
    process.stderr.write(`Error: ${text.trimEnd()}\n${hint ? `${hint}\n` : ""}`);
  }
}

/** Where events come from: a capture has its sources in itself, anything else those of its engines. */
export function tellSources(log: Log, sources: readonly SourceSpec[], { capture, engine }: Config): void {
  if (engine.kind === "kmod" && sources.some(({ kind }) => kind === "modern_ebpf")) {
    log.log("warning", "There is no kernel module: engine.kind=kmod takes the eBPF probe");
  }
  for (const source of sources) {
    if (source.kind !== "modern_ebpf") continue;
    const { bufferBytes } = source;
    const megabytes = bufferBytes / (1 << 20);
    log.log("info", `The chosen syscall buffer dimension is: ${bufferBytes} bytes (${megabytes} MBs)`);
  }
  if (capture.enabled) {
    const { mode, path_prefix } = capture;
    log.log("info", `Capture is enabled in mode '${mode}'. Capturing events to ${path_prefix}`);
  }
  const live = sources.filter(({ kind }) => kind !== "replay");
  if (live.length > 0) log.log("info", `Enabled event sources: ${live.map(eventSourceOf).join(", ")}`);
  for (const source of sources) tellSource(log, source);
}

function tellSource(log: Log, source: SourceSpec): void {
  if (source.kind === "nodriver") {
    const why = "will be opened with no driver, no event will be produced";
    log.log("warning", `Enabled event source 'syscall' ${why}`);
  }
  log.libs("info", "Trying to open the right engine!");
  if (source.kind === "replay") log.log("info", `Replaying events from the capture file: ${source.file}`);
  else if (source.kind === "nodriver") log.log("info", "Opening 'syscall' source with no driver.");
  else if (source.kind === "plugin")
    log.log("info", `Opening '${source.eventSource}' source with plugin '${source.plugin}'`);
  else if (source.kind === "ptrace") log.log("info", "Opening 'syscall' source with ptrace.");
  else log.log("info", "Opening 'syscall' source with modern BPF probe.");
}

/** What `-v` adds at the end, on standard error: events, and processor time since the start. */
export function tellEngine(stats: EngineStats, source: SourceSpec): void {
  const { user, system } = process.cpuUsage();
  const seconds = (user + system) / 1e6;
  const lost = Object.values(stats.drops).reduce((sum, count) => sum + count, 0);
  if (source.kind === "modern_ebpf") {
    process.stderr.write(`Driver Events:${stats.seen}\nDriver Drops:${lost}\n`);
  }
  const prefix = source.kind === "replay" ? "" : "(syscall) ";
  const rate = (stats.events / Math.max(seconds, 0.001)).toFixed(2);
  const elapsed = `Elapsed time: ${seconds.toFixed(3)}, Captured Events: ${stats.events}, ${rate} eps`;
  process.stderr.write(`${prefix}${elapsed}\n`);
}

/** Counts go to standard output, below the alerts, as they always did. */
export function tellStatistics(
  stats: EngineStats,
  counts: Parameters<typeof formatStatistics>[0],
  rules: readonly string[],
): void {
  const { occurrences, actionsTaken } = stats.monitoring;
  const lines = [
    "Syscall event drop monitoring:",
    `   - event drop detected: ${occurrences} occurrences`,
    `   - num times actions taken: ${actionsTaken}`,
  ];
  process.stderr.write(`${lines.join("\n")}\n`);
  process.stdout.write(formatStatistics(counts, rules));
}
