import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { FalcoError, reasonOf } from "../errors.ts";
import { checks } from "./checks.ts";
import type { Finding } from "./decode.ts";
import { decode, findingError } from "./decode.ts";
import { inertSettings } from "./inert.ts";
import { initialTree } from "./initial.ts";
import { applyLayer, type ConfigLayer } from "./layer.ts";
import { mergeTree } from "./merge.ts";
import { applyOverride } from "./override.ts";
import { parseYaml } from "./parse-yaml.ts";
import type { Config } from "./schema.ts";
import { schema } from "./schema.ts";
import type { MapTree } from "./tree.ts";
import { at, COMMAND_LINE } from "./tree.ts";

/** Where a configuration is looked for when no `-c` names one. */
export const SEARCH_PATHS = ["/etc/falco/falco.yaml", "/usr/local/etc/falco/falco.yaml"] as const;

export interface LoadOptions {
  /** The file named by `-c`; without it the search paths are tried, then the built-in configuration is taken. */
  readonly path?: string;
  /** Each `-o key=value`, in order. */
  readonly overrides?: readonly string[];
  /** Over everything else. */
  readonly layer?: ConfigLayer;
  readonly searchPaths?: readonly string[];
}

/** One file that took part. `status` is what follows `schema validation: ` in the log: `ok`, or the first fault. */
export interface ConfigFile {
  readonly path: string;
  readonly status: string;
  readonly findings: readonly Finding[];
  readonly sha256: string;
}

export interface LoadedConfig {
  readonly config: Config;
  /** In the order of loading; empty when the built-in configuration was taken. */
  readonly files: readonly ConfigFile[];
  /** Directories named by `config_files`: a file that appears there changes the configuration. */
  readonly directories: readonly string[];
  /** Sentences for the log: settings without effect here, wrong `-o` values, deprecated keys. */
  readonly warnings: readonly string[];
  /** The merged configuration as written, for `config show` and `config diff`. */
  readonly tree: MapTree;
  /** When reading began, in milliseconds since 1970: files that changed later may not be in it. */
  readonly readAt: number;
}

/**
 * Finds, reads, merges and checks the configuration: file, then `config_files` in order, then `-o`.
 * Unknown keys and wrong scalars are findings; what cannot be understood throws a FalcoError with its place.
 */
export function loadConfig(options: LoadOptions = {}): LoadedConfig {
  const { overrides = [], searchPaths = SEARCH_PATHS } = options;
  const readAt = Date.now();
  const main = options.path ?? searchPaths.find(isFile);
  if (options.path !== undefined && !existsSync(options.path)) {
    throw new FalcoError("CONFIG_READ", `Could not find configuration file at ${options.path}`, {
      hint: '"falco config sample" prints one to begin with',
    });
  }
  const files: ConfigFile[] = [];
  const directories: string[] = [];
  let root: MapTree;
  if (main === undefined) {
    root = initialTree();
  } else {
    root = readConfigFile(main, files);
    // `-o config_files=…` decides what is merged, so it comes before merging as well as after.
    for (const option of overrides) if (option.startsWith("config_files")) applyOverride(root, option);
    mergeIncludes(root, main, files, directories);
  }
  for (const option of overrides) applyOverride(root, option);
  if (options.layer) applyLayer(root, options.layer);
  const warnings: string[] = [];
  renameDeprecated(root, warnings);
  const config = decodeMerged(root, main ?? "built-in configuration", warnings);
  warnings.push(...inertSettings(root));
  return { config, files, directories, warnings, tree: root, readAt };
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function readConfigFile(path: string, files: ConfigFile[]): MapTree {
  let content: string;
  try {
    content = readFileSync(path, "utf8");
  } catch (cause) {
    throw new FalcoError("CONFIG_READ", `Cannot read config file (${path}): ${reasonOf(cause)}`, { cause });
  }
  const { root, duplicates } = parseYaml(content, path);
  const findings: Finding[] = [...decode(schema, root).findings];
  for (const { key, place } of duplicates) {
    const message = `Duplicate key "${key}": only the first one counts`;
    findings.push({ key, context: "<root>", rule: message, message, place, fatal: false });
  }
  const [first] = findings;
  files.push({
    path,
    status: first ? `failed for ${first.context}: ${first.rule}` : "ok",
    findings,
    sha256: createHash("sha256").update(content).digest("hex"),
  });
  return root;
}

function mergeIncludes(root: MapTree, main: string, files: ConfigFile[], directories: string[]): void {
  const includes = decode(schema.keys.config_files, at(root, "config_files")).value as Config["config_files"];
  for (const include of includes) {
    const { path, strategy } =
      typeof include === "string" ? { path: include, strategy: "append" as const } : include;
    if (resolve(path) === resolve(main)) {
      throw new FalcoError(
        "CONFIG_INCLUDE",
        `Config error: 'config_files' directive tried to recursively include main config file: ${main}.`,
      );
    }
    const found = statSync(path, { throwIfNoEntry: false });
    if (found?.isDirectory()) directories.push(path);
    for (const file of found?.isDirectory() ? filesIn(path) : found ? [path] : []) {
      const included = readConfigFile(file, files);
      const nested = included.entries.get("config_files");
      if (nested) {
        throw new FalcoError(
          "CONFIG_INCLUDE",
          `Config error: 'config_files' directive in included config file ${file}.`,
          { place: nested.place, hint: "name all files in the main configuration file" },
        );
      }
      mergeTree(root, included, strategy);
    }
  }
}

/** Regular files of a directory (links followed), in byte order of their names; not those of its directories. */
function filesIn(directory: string): string[] {
  return readdirSync(directory)
    .map((name) => join(directory, name))
    .filter(isFile)
    .sort();
}

function renameDeprecated(root: MapTree, warnings: string[]): void {
  const old = root.entries.get("rules_file");
  if (!old) return;
  if (root.entries.has("rules_files")) {
    throw new FalcoError(
      "CONFIG_INVALID",
      `Error reading config file (${old.place.file}): both 'rules_files' and 'rules_file' keys set`,
      { place: old.place },
    );
  }
  root.entries.delete("rules_file");
  root.entries.set("rules_files", old);
  warnings.push(
    "Using deprecated config key 'rules_file' (singular form). Please use new 'rules_files' config key (plural form).",
  );
}

function decodeMerged(root: MapTree, main: string, warnings: string[]): Config {
  const { value, findings } = decode(schema, root);
  const config = value as Config;
  for (const finding of findings) {
    if (finding.fatal) throw findingError(finding);
    // Findings in files are reported with their file; those of the command line have no file.
    if (!finding.place.file.startsWith(COMMAND_LINE)) continue;
    warnings.push(`${finding.place.file}: ${finding.message}${finding.hint ? ` (${finding.hint})` : ""}`);
  }
  for (const check of checks) {
    const conflict = check(config);
    if (!conflict) continue;
    throw new FalcoError("CONFIG_INVALID", `Error reading config file (${main}): ${conflict.why}`, {
      hint: `see the key "${conflict.key}"`,
    });
  }
  return config;
}
