import type { Context } from "../load/context.ts";
import type { YamlNode } from "../yaml/yaml-node.ts";
import { numberOrText, refuse, text } from "./decode.ts";
import type { PluginRequirement } from "./definitions.ts";
import { type Reading, warnUnknownKeys } from "./reading.ts";
import { parseVersion } from "./version.ts";

/** Reads `required_engine_version`: a number N means 0.N.0. */
export function readEngineVersion(item: YamlNode, parent: Context, reading: Reading): void {
  const context = parent.at(item, "required_engine_version");
  const value = numberOrText(item, "required_engine_version", context);
  const version = typeof value === "number" ? parseVersion(`0.${value}.0`) : parseVersion(value);
  if (!version) {
    refuse(
      `Unable to parse engine version '${value}' as a semver string. Expected "x.y.z" semver format.`,
      context,
    );
  }
  reading.collector.requireEngine(version, context);
  warnUnknownKeys(item, ["required_engine_version"], context, reading.result);
}

function requirement(node: YamlNode, context: Context, unnamed: Context): PluginRequirement {
  const name = text(node, "name", unnamed);
  return { name, version: text(node, "version", context) };
}

/** Reads `required_plugin_versions`: each entry with its alternatives, one of which has to be loaded. */
export function readPluginVersions(item: YamlNode, parent: Context, reading: Reading): void {
  const node = item.get("required_plugin_versions")!;
  const context = parent.at(node, "required plugin versions");
  if (node.kind !== "sequence") refuse("Value of required_plugin_versions must be a sequence", context);
  for (const plugin of node.items) {
    const unnamed = context.at(plugin, "required plugin versions entry");
    if (plugin.kind !== "map") refuse("Plugin version must be a mapping", unnamed);
    const name = text(plugin, "name", unnamed);
    const entryContext = context.at(plugin, "required plugin versions entry", name);
    const wanted = [requirement(plugin, entryContext, unnamed)];
    const alternatives = plugin.get("alternatives");
    if (alternatives) {
      if (alternatives.kind !== "sequence") {
        refuse("Value of plugin version alternatives must be a sequence", entryContext);
      }
      for (const alternative of alternatives.items) {
        const own = entryContext.at(alternative, "required plugin versions alternative");
        if (alternative.kind !== "map") refuse("Plugin version alternative must be a mapping", own);
        wanted.push(requirement(alternative, own, own));
      }
    }
    reading.collector.requirePlugin(wanted, entryContext);
  }
  const itemContext = parent.at(item, "required plugin versions");
  warnUnknownKeys(item, ["required_plugin_versions"], itemContext, reading.result);
}
