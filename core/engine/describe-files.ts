import { FalcoError } from "../errors.ts";
import { container } from "../fields/container.ts";
import { type DescribedPlugin, type Description, describeRules } from "../rules/describe/describe.ts";
import { loadFailure } from "../rules/load/load-failure.ts";
import { unmetPluginRequirement } from "../rules/load/plugin-requirements.ts";
import { RulesLoader } from "../rules/load/rules-loader.ts";
import { BUILT_IN_PLUGINS } from "../versions.ts";
import { expandAdditions, type RulesInput, registryFor } from "./ruleset.ts";

const containerFields = new Set(container.fields.map((field) => field.name));
const containerEvents = new Set(["container", "container_removed"]);

/** Plugins of the reference whose work is part of the engine here. */
export const DESCRIBED_PLUGINS: readonly DescribedPlugin[] = [
  {
    name: "container",
    hasField: (source, field) => source === "syscall" && containerFields.has(field),
    hasEvent: (name) => containerEvents.has(name),
  },
];

/** Loads rules files and describes what is in them, all of it or one rule. Throws FalcoError. */
export function describeFiles(input: RulesInput, ruleName?: string): Description {
  const registry = registryFor(input);
  const loader = new RulesLoader({ registry, additions: expandAdditions(input.additions, registry) });
  let failure: FalcoError | undefined;
  for (const { name, content } of input.files) {
    failure = loadFailure(loader.load(name, content));
    if (failure) break;
  }
  // A plugin that is missing explains errors better than the errors do.
  const unmet = unmetPluginRequirement(loader.collector.pluginRequirements, BUILT_IN_PLUGINS);
  if (unmet !== undefined) throw new FalcoError("RULES_PLUGIN", unmet);
  if (failure) throw failure;
  return describeRules(loader, DESCRIBED_PLUGINS, ruleName);
}
