import type { LoadResult } from "../rules/load/load-result.ts";
import { unmetPluginRequirement } from "../rules/load/plugin-requirements.ts";
import { RulesLoader } from "../rules/load/rules-loader.ts";
import { expandAdditions, type RulesInput, registryFor, requiredVersions } from "./ruleset.ts";

export interface Validation {
  readonly results: readonly LoadResult[];
  readonly ok: boolean;
  /** A plugin that the files require and that is not there; nothing after it was looked at. */
  readonly unmet?: string;
}

/** Loads files one after the other as `falco -V` does: all of them, whatever is wrong with one. */
export function validateRules(
  input: RulesInput,
  plugins: Readonly<Record<string, string>> = requiredVersions(input),
): Validation {
  const registry = registryFor(input);
  const loader = new RulesLoader({ registry, additions: expandAdditions(input.additions, registry) });
  const results: LoadResult[] = [];
  for (const { name, content } of input.files) {
    results.push(loader.load(name, content, true));
    const unmet = unmetPluginRequirement(loader.collector.pluginRequirements, plugins);
    if (unmet !== undefined) return { results, ok: false, unmet };
  }
  return { results, ok: results.every((result) => result.successful) };
}
