import { isIP } from "node:net";
import { parseDuration } from "./duration.ts";
import type { Config } from "./schema.ts";

/** What is wrong between keys: where (key path) and why. The first one stops the program. */
export interface Conflict {
  readonly key: string;
  readonly why: string;
}
type Check = (config: Config) => Conflict | undefined;

const when = (wrong: boolean, key: string, why: string): Conflict | undefined =>
  wrong ? { key, why } : undefined;

/** An enabled output must say where to. */
const destination =
  (output: "file_output" | "program_output" | "http_output", name: string, key: string): Check =>
  (config) => {
    const options = config[output] as { readonly enabled: boolean } & Record<string, unknown>;
    return when(
      options.enabled && options[key] === "",
      `${output}.${key}`,
      `${name} output enabled but no ${key} in configuration block`,
    );
  };

function dropActions({ syscall_event_drops: { actions } }: Config): Conflict | undefined {
  const key = "syscall_event_drops.actions";
  let ignore = false;
  for (const action of actions) {
    if (!["ignore", "log", "alert", "exit"].includes(action)) {
      return {
        key,
        why: 'available actions for syscall event drops are "ignore", "log", "alert", and "exit"',
      };
    }
    if (action === "ignore") ignore = true;
    else if (ignore && action !== "exit") {
      return {
        key,
        why: `syscall event drop action "${action}" does not make sense with the "ignore" action`,
      };
    }
  }
  return undefined;
}

function ruleSelections({ rules }: Config): Conflict | undefined {
  const given = (x: { readonly rule: string; readonly tag: string }): boolean =>
    x.rule !== "" || x.tag !== "";
  const wrong = rules.findIndex((entry) => !given(entry.enable) && !given(entry.disable));
  return when(
    wrong >= 0,
    `rules[${wrong}]`,
    'a rule selection needs "enable" or "disable" with a "rule" or a "tag"',
  );
}

function extraFields({ append_output }: Config): Conflict | undefined {
  for (const [i, entry] of append_output.entries()) {
    const seen = new Set<string>();
    for (const [j, field] of entry.extra_fields.entries()) {
      const key = `append_output[${i}].extra_fields[${j}]`;
      const names = typeof field === "string" ? [field] : Object.keys(field);
      const [name] = names;
      if (names.length !== 1 || name === undefined)
        return { key, why: "a pair holds exactly one name and its text" };
      if (seen.has(name)) return { key, why: `the field "${name}" is added twice` };
      seen.add(name);
    }
  }
  return undefined;
}

function plugins(config: Config): Conflict | undefined {
  for (const [i, plugin] of config.plugins.entries()) {
    for (const key of ["name", "library_path"] as const) {
      if (plugin[key] === "") return { key: `plugins[${i}]`, why: `a plugin needs a "${key}"` };
    }
    const escapes = !plugin.library_path.startsWith("/") && leavesDirectory(plugin.library_path);
    if (escapes) {
      const why = `plugin library_path '${plugin.library_path}' resolves outside the plugins directory`;
      return { key: `plugins[${i}].library_path`, why };
    }
  }
  return undefined;
}

/** Whether a relative path climbs above where it starts at its end; looked at as text only. */
function leavesDirectory(path: string): boolean {
  const stack: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") {
      if (stack.pop() === undefined) return true;
    } else if (part !== "" && part !== ".") stack.push(part);
  }
  return false;
}

function metrics({ metrics: m, webserver }: Config): Conflict | undefined {
  if (!m.enabled) return undefined;
  const key = "metrics.interval";
  if (/^\d+$/.test(m.interval)) {
    const why =
      "Metrics interval was passed as numeric value without Prometheus time unit. Please specify a time unit";
    return { key, why };
  }
  if (parseDuration(m.interval) < 100) {
    const why =
      "Metrics interval must have a minimum value of 100ms and reflect a Prometheus compliant time duration format";
    return { key, why };
  }
  return when(
    !m.output_rule && m.output_file === "" && !webserver.prometheus_metrics_enabled,
    "metrics",
    "Metrics are enabled with no output configured. Please enable at least one output channel ('metrics.output_rule', 'metrics.output_file' or 'webserver.prometheus_metrics_enabled')",
  );
}

export const checks: readonly Check[] = [
  (c) =>
    when(
      c.engine.kind === "replay" && c.engine.replay.capture_file === "",
      "engine.replay.capture_file",
      "engine.kind is 'replay' but no engine.replay.capture_file specified.",
    ),
  destination("file_output", "file", "filename"),
  destination("program_output", "program", "program"),
  destination("http_output", "http", "url"),
  (c) =>
    when(
      isIP(c.webserver.listen_address.trim()) === 0,
      "webserver.listen_address",
      `webserver listen address "${c.webserver.listen_address}" is not a valid IP address`,
    ),
  dropActions,
  ({ syscall_event_drops: { threshold } }) =>
    when(
      !(threshold >= 0 && threshold <= 1),
      "syscall_event_drops.threshold",
      "syscall event drops threshold must be a double in the range [0, 1]",
    ),
  (c) =>
    when(
      c.syscall_event_timeouts.max_consecutives <= 0,
      "syscall_event_timeouts.max_consecutives",
      "the maximum consecutive timeouts without an event must be an unsigned integer > 0",
    ),
  metrics,
  ruleSelections,
  extraFields,
  plugins,
];
