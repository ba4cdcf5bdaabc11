import { findPlugin } from "../capture/plugin/find.ts";
import { FalcoError } from "../errors.ts";
import { container } from "../fields/container.ts";
import { type DescribedPlugin, type Description, describeRules } from "../rules/describe/describe.ts";
import { loadFailure } from "../rules/load/load-failure.ts";
import { unmetPluginRequirement } from "../rules/load/plugin-requirements.ts";
import { RulesLoader } from "../rules/load/rules-loader.ts";
import { expandAdditions, type RulesInput, registryFor, requiredVersions } from "./ruleset.ts";

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

/** Plugins that rules may use: what each brings. */
const describedPlugins = ({ plugins = [] }: RulesInput): readonly DescribedPlugin[] => [
  ...DESCRIBED_PLUGINS,
  ...plugins
    .map(findPlugin)
    .filter(({ fields }) => fields.length > 0)
    .map(({ info, fields }) => ({
      name: info.name,
      hasField: (source: string, name: string) =>
        fields.some(
          (one) =>
            (one.sources.length === 0 || one.sources.includes(source)) &&
            one.fields.some((field) => field.name === name),
        ),
      hasEvent: () => false,
    })),
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
  const unmet = unmetPluginRequirement(loader.collector.pluginRequirements, requiredVersions(input));
  if (unmet !== undefined) throw new FalcoError("RULES_PLUGIN", unmet);
  if (failure) throw failure;
  return describeRules(loader, describedPlugins(input), ruleName);
}
