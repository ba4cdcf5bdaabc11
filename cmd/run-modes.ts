import { FalcoError } from "../core/errors.ts";
import type { ParsedArgs } from "./command.ts";
import { err, json, out } from "./print.ts";
import type { runFlags } from "./run-flags.ts";

export type RunFlags = ParsedArgs<typeof runFlags>["flags"];
type Mode = (flags: RunFlags) => Promise<number | undefined>;

/**
 * What a flag of `falco` prints instead of running, in the order in which they win over each other: those
 * that need nothing, then those that need the configuration.
 */
const MODES: readonly (readonly [flag: keyof RunFlags, mode: Mode])[] = [
  ["config-schema", printConfigSchema],
  ["rule-schema", printRuleSchema],
  ["ignored-events", printIgnoredEvents],
  ["list-events", printEvents],
  ["version", printVersions],
  ["page-size", printPageSize],
  ["plugin-info", printPluginInfo],
  ["list-plugins", printPluginList],
  ["list", printFieldList],
  ["validate", validateFiles],
  ["support", printSupportBundle],
  ["list-rules", printRuleList],
  ["rule", printRuleList],
  ["explain-capture", explainCapture],
];

/** The mode that the flags ask for, or undefined when falco is to run. */
export function runMode(flags: RunFlags): (() => Promise<number | undefined>) | undefined {
  const found = MODES.find(([flag]) => isGiven(flags[flag]));
  return found && (() => found[1](flags));
}

const isGiven = (value: RunFlags[keyof RunFlags]): boolean =>
  Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false;

/** `--format`, or what the deprecated `--markdown` means. */
function listFormat({ format, markdown }: RunFlags): "text" | "markdown" | "json" {
  if (!markdown) return format ?? "text";
  if (format) throw new FalcoError("USAGE", "Cannot specify both --markdown and --format options together");
  err("WARNING: --markdown is deprecated, use --format markdown instead.");
  return "markdown";
}

async function printConfigSchema(): Promise<undefined> {
  const { configJsonSchema } = await import("../core/config/json-schema.ts");
  json(configJsonSchema());
}

async function printRuleSchema(): Promise<undefined> {
  const { rulesJsonSchema } = await import("../core/rules/load/rules-schema.ts");
  json(rulesJsonSchema());
}

async function printIgnoredEvents(): Promise<undefined> {
  const { ignoredEventNames } = await import("../core/schema/listing.ts");
  out(
    `Ignored syscall(s):\n${ignoredEventNames()
      .map((name) => `- ${name}\n`)
      .join("")}\n`,
  );
}

async function printEvents(flags: RunFlags): Promise<undefined> {
  const format = listFormat(flags);
  const { listEvents } = await import("../core/schema/listing.ts");
  const { VERSIONS } = await import("../core/versions.ts");
  out(listEvents(format, VERSIONS.driverSchema));
}

async function printVersions({ config, option }: RunFlags): Promise<undefined> {
  const { loadConfig } = await import("../core/config/load.ts");
  const { printVersion } = await import("./version.ts");
  const loaded = loadConfig({ overrides: option, ...(config === undefined ? {} : { path: config }) });
  printVersion(loaded.config.json_output);
}

async function printPageSize(): Promise<undefined> {
  const { pageSize } = await import("../core/ffi/page-size.ts");
  out(`Your system page size is: ${pageSize()} bytes`);
}

async function printFieldList(flags: RunFlags): Promise<undefined> {
  const format = listFormat(flags);
  const { printFields } = await import("./list-fields.ts");
  const { loadConfig } = await import("../core/config/load.ts");
  const { loadedPlugins } = await import("../core/plugins.ts");
  const { loadOptions } = await import("./config/config-flags.ts");
  const plugins = loadedPlugins(loadConfig(loadOptions(flags)));
  const { names: namesOnly, verbose, list: source } = flags;
  out(printFields({ format, namesOnly, verbose, source, plugins }));
}

async function validateFiles(flags: RunFlags): Promise<number> {
  const { printValidation } = await import("./print-validation.ts");
  return printValidation(flags.validate, flags);
}

async function printSupportBundle(flags: RunFlags): Promise<undefined> {
  const { printSupport } = await import("./print-support.ts");
  printSupport(flags);
}

async function printRuleList(flags: RunFlags): Promise<undefined> {
  const { printRules } = await import("./print-rules.ts");
  printRules(flags, flags.rule);
}

async function printPluginList(flags: RunFlags): Promise<undefined> {
  const { printPlugins } = await import("./print-plugins.ts");
  printPlugins(flags);
}

async function printPluginInfo(flags: RunFlags): Promise<undefined> {
  const { printPlugin } = await import("./print-plugins.ts");
  printPlugin(flags["plugin-info"] ?? "", flags);
}

async function explainCapture({ config, option, rules }: RunFlags): Promise<undefined> {
  const { printExplanation } = await import("./explain-capture.ts");
  printExplanation({ config, option, rules });
}
