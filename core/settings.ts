import { cpus } from "node:os";
import { findPlugin, pluginSources, sourceBrought } from "./capture/plugin/find.ts";
import type { PluginSetting } from "./capture/plugin/plugin.ts";
import type { Config } from "./config/schema.ts";
import type { Addition, RulesInput } from "./engine/ruleset.ts";
import type { EngineStart, SourceSpec, Workload } from "./engine/source-spec.ts";
import { FalcoError } from "./errors.ts";
import type { LogOptions } from "./log.ts";
import {
  DEFAULT_LOOKUP,
  type EngineName,
  type EngineOptions,
  type LookupOptions,
} from "./metadata/container-lookup.ts";
import { Json } from "./metadata/json.ts";
import { PRIORITIES, type Priority } from "./outputs/alert.ts";
import type { Selection } from "./rules/select.ts";

// What the parts of the program are told, made from the configuration. Only core/run.ts calls these.

/** More would only hide that the engine can't keep up. */
const MAX_BUFFER = 2 ** 30;
const MEGABYTE = 1 << 20;

const priorityOf = (word: string): Priority =>
  PRIORITIES.find((name) => name.toLowerCase() === word) ?? "Debug";

/** The log's settings. */
export function logOptions(config: Config): LogOptions {
  return {
    level: config.log_level,
    stderr: config.log_stderr,
    syslog: config.log_syslog,
    iso8601: config.time_format_iso_8601,
    format: config.log_format,
    libs: config.libs_logger,
  };
}

function selectionsOf(config: Config): Selection[] {
  return config.rules.flatMap(({ enable, disable }) => [
    ...(enable.rule || enable.tag ? [selection("enable", enable)] : []),
    ...(disable.rule || disable.tag ? [selection("disable", disable)] : []),
  ]);
}

const selection = (operation: "enable" | "disable", by: { rule: string; tag: string }): Selection => ({
  operation,
  ...(by.rule ? { rule: by.rule } : {}),
  ...(by.tag ? { tag: by.tag } : {}),
});

function additionsOf(config: Config, print: string | undefined): Addition[] {
  const additions = config.append_output.flatMap(
    ({ match, extra_output, extra_fields, suggested_output }) => {
      const where = {
        ...(match.source ? { source: match.source } : {}),
        ...(match.rule ? { rule: match.rule } : {}),
        ...(match.tags.length > 0 ? { tags: match.tags } : {}),
      };
      const fields = extra_fields.flatMap((field) =>
        typeof field === "string"
          ? [{ key: field, format: `%${field}`, raw: true }]
          : Object.entries(field).map(([key, format]) => ({ key, format: String(format), raw: false })),
      );
      const entry: Addition[] = [{ ...where, ...(extra_output ? { text: extra_output } : {}), fields }];
      if (suggested_output)
        entry.push({ suggested: true, ...(match.source ? { source: match.source } : {}) });
      return entry;
    },
  );
  // Presets only chose container and Kubernetes fields, which are appended anyway.
  const preset = print === undefined || ["c", "container", "k", "kubernetes"].includes(print);
  return preset ? additions : [...additions, { text: print }];
}

/** The rules as the engine's thread takes them. */
export function rulesInput(
  config: Config,
  files: RulesInput["files"],
  print: string | undefined,
  plugins: readonly PluginSetting[],
): RulesInput {
  return {
    files,
    selections: selectionsOf(config),
    priority: priorityOf(config.priority),
    firstOnly: config.rule_matching === "first",
    additions: additionsOf(config, print),
    staticFields: Object.fromEntries(
      Object.entries(config.static_fields).map(([name, value]) => [name, String(value)]),
    ),
    sources: pluginSources(plugins),
    plugins,
    costs: config.metrics.enabled && config.metrics.rule_costs_enabled,
  };
}

/** Memory for events on their way: what the presets give each group of CPUs, in one buffer for all of them. */
function bufferBytes(options: Config["engine"]["modern_ebpf"]): number {
  // Those of the machine: events come from all of them, whichever this process may use itself.
  const count = cpus().length;
  const groups = options.cpus_for_each_buffer === 0 ? 1 : Math.ceil(count / options.cpus_for_each_buffer);
  return Math.min(MAX_BUFFER, groups * (MEGABYTE << (options.buf_size_preset - 1)));
}

function sourceSpec(config: Config): SourceSpec {
  const { engine } = config;
  switch (engine.kind) {
    case "replay":
      return { kind: "replay", file: engine.replay.capture_file };
    case "nodriver":
      return { kind: "nodriver" };
    case "ptrace":
      throw new FalcoError(
        "ENGINE_KIND",
        "Cannot start: ptrace watches a command or a process, not the machine",
        {
          hint: 'use "falco trace -- COMMAND" or "falco trace -p PID"',
        },
      );
    default:
      return {
        kind: "modern_ebpf",
        bufferBytes: bufferBytes(engine.modern_ebpf),
        snapLength: config.falco_libs.snaplen,
        dropFailed: engine.modern_ebpf.drop_failed_exit,
        memoryOnly: !engine.modern_ebpf.kernel_copies,
        base: config.base_syscalls,
      };
  }
}

/** Where the reference's container plugin looks for runtimes that speak CRI, unless told otherwise. */
const CRI_SOCKETS = [
  "/run/containerd/containerd.sock",
  "/run/crio/crio.sock",
  "/run/k3s/containerd/containerd.sock",
  "/run/host-containerd/containerd.sock",
];

/** One runtime's switch and sockets: the container plugin's own settings go before the common ones. */
function engineOptions(
  config: Config,
  name: EngineName,
  enabled: boolean,
  common: readonly string[] = [],
): EngineOptions {
  const plugin = config.plugins.find((p) => p.name === "container");
  const own = new Json(plugin?.init_config).at("engines", name);
  const sockets = own.at("sockets").items.map((item) => item.text);
  return {
    enabled: own.at("enabled").exists ? own.at("enabled").flag : enabled,
    sockets: [sockets, common, DEFAULT_LOOKUP[name].sockets].find((paths) => paths.length > 0) ?? [],
  };
}

function containerOptions(config: Config): LookupOptions {
  const { docker, podman, cri } = config.container_engines;
  const plugin = config.plugins.find((p) => p.name === "container");
  return {
    docker: engineOptions(config, "docker", docker.enabled),
    podman: engineOptions(config, "podman", podman.enabled),
    containerd: engineOptions(config, "containerd", true),
    cri: engineOptions(config, "cri", cri.enabled, cri.sockets.length > 0 ? cri.sockets : CRI_SOCKETS),
    labelMaxLength: new Json(plugin?.init_config).at("label_max_len").number || DEFAULT_LOOKUP.labelMaxLength,
    hostRoot: process.env.HOST_ROOT ?? "",
  };
}

/** How the engine starts; to watch a workload instead of what the configuration names, if there is one. */
export function engineStart(
  config: Config,
  {
    workload,
    duration,
    plugins = [],
  }: {
    workload?: Workload | undefined;
    duration?: number | undefined;
    plugins?: readonly PluginSetting[];
  } = {},
): EngineStart {
  const traced = {
    kind: "ptrace",
    base: config.base_syscalls,
    snapLength: config.falco_libs.snaplen,
  } as const;
  return {
    source: workload ? { ...traced, ...workload } : sourceSpec(config),
    hostname: process.env.FALCO_HOSTNAME ?? "",
    containers: containerOptions(config),
    maxThreads: config.falco_libs.thread_table_size,
    monitoring: {
      drops: config.syscall_event_drops,
      maxTimeouts: config.syscall_event_timeouts.max_consecutives,
      ...(duration === undefined ? {} : { replayDuration: duration * 1000 }),
    },
    plugins,
    ...captureOptions(config),
  };
}

/** The starts of one engine for each event source that is enabled; a capture brings all its sources itself. */
export function engineStarts(start: EngineStart, enabled: readonly string[]): EngineStart[] {
  if (start.source.kind === "replay") return [start];
  const known = start.plugins.map(findPlugin);
  return enabled.map((eventSource) => {
    // The first that brings it, in the order they were loaded.
    const bringing = known.find((plugin) => sourceBrought(plugin) === eventSource);
    return bringing
      ? { ...start, source: { kind: "plugin", plugin: bringing.info.name, eventSource } }
      : start;
  });
}

function captureOptions({ capture }: Config): Pick<EngineStart, "capture"> {
  if (!capture.enabled) return {};
  const { path_prefix, mode, default_duration, max_file_size_mb } = capture;
  return {
    capture: {
      pathPrefix: path_prefix,
      mode,
      defaultDurationMs: default_duration,
      maxFileSizeMb: max_file_size_mb,
    },
  };
}
