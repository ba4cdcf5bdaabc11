import { FalcoError } from "../../core/errors.ts";
import type { PlacedDocument } from "../files/parse-yaml.ts";
import { type Dependency, type NamedVersion, parseDependency } from "./artifact-config.ts";
import { parseVersion } from "./version.ts";

export interface RulesNeeds {
  readonly dependencies: readonly Dependency[];
  readonly requirements: readonly NamedVersion[];
}

const engineRequirement = "engine_version_semver";

/**
 * What a rules file says it needs: plugins from `required_plugin_versions`, the engine from `required_engine_version`
 * (a bare number N stands for 0.N.0). Throws with the place when the file is no rules file.
 */
export function rulesNeeds(document: PlacedDocument, file: string): RulesNeeds {
  const items = document.value();
  if (!Array.isArray(items)) {
    throw document.errorAt(document.contents, `Cannot use ${file} as a rules file: it is not a list`);
  }
  const plugins = items.find((item) => item?.required_plugin_versions)?.required_plugin_versions;
  const engine: unknown = items.find(
    (item) => item?.required_engine_version !== undefined,
  )?.required_engine_version;
  return {
    dependencies: Array.isArray(plugins) ? plugins.map((plugin) => dependency(plugin, file)) : [],
    requirements:
      engine === undefined ? [] : [{ name: engineRequirement, version: engineVersion(engine, file) }],
  };
}

function engineVersion(value: unknown, file: string): string {
  if (typeof value === "number" && Number.isSafeInteger(value)) return `0.${value}.0`;
  const text = String(value);
  parseVersion(text, `required_engine_version in ${file}`);
  return text;
}

interface PluginItem {
  readonly name?: unknown;
  readonly version?: unknown;
  readonly alternatives?: readonly PluginItem[];
}

function dependency(plugin: PluginItem | null, file: string): Dependency {
  const texts = [plugin, ...(plugin?.alternatives ?? [])].map((item) => `${item?.name}:${item?.version}`);
  if (texts.some((text) => text.includes("undefined"))) {
    throw new FalcoError(
      "ARTIFACT_CONFIG",
      `Cannot read required_plugin_versions in ${file}: an item lacks name or version`,
    );
  }
  return parseDependency(texts.join("|"));
}
