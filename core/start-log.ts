import { findPlugin } from "./capture/plugin/find.ts";
import type { PluginSetting } from "./capture/plugin/plugin.ts";
import type { LoadedConfig } from "./config/load.ts";
import type { EngineStats } from "./engine/messages.ts";
import type { RulesReport } from "./engine/ruleset.ts";
import type { SourceSpec } from "./engine/source-spec.ts";
import type { Log } from "./log.ts";
import { formatStatistics } from "./outputs/statistics.ts";
import type { Selection } from "./rules/select.ts";
import { VERSIONS } from "./versions.ts";

// What a run says of itself at its start and end, in the words that existing tooling looks for.

/** Version, configuration files, and what is wrong with them. */
export function announce(log: Log, { files, warnings }: LoadedConfig): void {
  const machine = process.arch === "arm64" ? "aarch64" : "x86_64";
  log.log("info", `Falco version: ${VERSIONS.falco} (${machine})`);
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

export function tellSource(log: Log, source: SourceSpec): void {
  if (source.kind === "replay") log.log("info", `Replaying events from the capture file: ${source.file}`);
  else if (source.kind === "nodriver") log.log("info", "Opening 'syscall' source with no driver.");
  else if (source.kind === "plugin")
    log.log("info", `Opening '${source.eventSource}' source with plugin '${source.plugin}'`);
  else if (source.kind === "ptrace") log.log("info", "Opening 'syscall' source with ptrace.");
  else log.log("info", "Opening 'syscall' source with modern BPF probe.");
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
