import type { PluginRequirement } from "../read/definitions.ts";
import { isCompatible, parseVersion } from "../read/version.ts";

/**
 * The first `required_plugin_versions` that the loaded plugins (name to version) do not meet, as the sentence
 * that the reference ends with; undefined when all are met. A plugin fits a requirement of its own major
 * version that is not newer.
 */
export function unmetPluginRequirement(
  requirements: readonly (readonly PluginRequirement[])[],
  plugins: Readonly<Record<string, string>>,
): string | undefined {
  for (const alternatives of requirements) {
    const loaded = alternatives.find(({ name }) => Object.hasOwn(plugins, name));
    if (!loaded) {
      const wanted = alternatives.map(({ name, version }) => `${name} (>= ${version})`).join(", ");
      return `Plugin requirement not satisfied, must load one of: ${wanted}`;
    }
    const version = plugins[loaded.name]!;
    const [have, want] = [parseVersion(version), parseVersion(loaded.version)];
    if (!have || !want || !isCompatible(have, want)) {
      return `Plugin '${loaded.name}' version '${version}' is not compatible with required plugin version '${loaded.version}'`;
    }
  }
  return undefined;
}
