import { ALWAYS_LOADED, declaredFields, findPlugin, pluginVersions } from "../capture/plugin/find.ts";
import type { PluginSetting } from "../capture/plugin/plugin.ts";
import { FIELD_CLASSES, fieldRegistry, staticFields } from "../fields/all.ts";
import type { Context, FieldClass, FieldRegistry } from "../fields/field.ts";
import type { Priority } from "../outputs/alert.ts";
import { Matcher } from "../rules/compile/matcher.ts";
import { knowAsyncEvents } from "../rules/language/event-codes.ts";
import type { CompiledRule } from "../rules/load/compiled.ts";
import { loadFailure } from "../rules/load/load-failure.ts";
import { unmetPluginRequirement } from "../rules/load/plugin-requirements.ts";
import { RulesLoader } from "../rules/load/rules-loader.ts";
import { type OutputAddition, suggestedOutput } from "../rules/output/additions.ts";
import { type Selection, selectRules } from "../rules/select.ts";
import type { ErrorMessage } from "./messages.ts";

/** An entry of `append_output`: an addition, or the suggestions of a source (or of all). */
export type Addition = OutputAddition | { readonly suggested: true; readonly source?: string };

/** Rules as they travel to the engine's thread: texts and choices, nothing compiled. */
export interface RulesInput {
  readonly files: readonly { readonly name: string; readonly content: string }[];
  readonly selections: readonly Selection[];
  readonly priority: Priority;
  /** Only the first rule that matches an event alerts. */
  readonly firstOnly: boolean;
  readonly additions: readonly Addition[];
  readonly staticFields: Readonly<Record<string, string>>;
  readonly sources: readonly string[];
  /** Plugins that are loaded; those of every run when absent. */
  readonly plugins?: readonly PluginSetting[];
}

export interface FileReport {
  readonly name: string;
  readonly successful: boolean;
  /** `ok`, or the first fault of the schema pass. */
  readonly schema: string;
  /** The result as the reference prints it; empty when there is nothing to say. */
  readonly text: string;
  /** What is wrong, with place and picture, when it is not successful. */
  readonly failure?: ErrorMessage;
}

export interface RulesReport {
  readonly ok: boolean;
  readonly files: readonly FileReport[];
  /** Rules in order of definition, and how many of them run. */
  readonly rules: readonly string[];
  readonly enabled: number;
}

const pluginsOf = ({ plugins }: Pick<RulesInput, "plugins">): readonly PluginSetting[] =>
  plugins ?? ALWAYS_LOADED;

/** Versions of the plugins that rules may require. */
export const requiredVersions = (input: Pick<RulesInput, "plugins">): Record<string, string> =>
  pluginVersions(pluginsOf(input));

/** Names of events that plugins make. */
export const pluginEventNames = (input: Pick<RulesInput, "plugins">): string[] =>
  pluginsOf(input).flatMap((setting) => findPlugin(setting).eventNames ?? []);

/** Fields of plugins, as declared. */
export const pluginFields = (input: Pick<RulesInput, "plugins">): FieldClass[] =>
  declaredFields(pluginsOf(input));

/** Fields of the event sources in play, with those of the configuration and of plugins: as declared, unless others are given. */
export function registryFor(
  input: Pick<RulesInput, "sources" | "staticFields" | "plugins">,
  plugins: readonly FieldClass[] = pluginFields(input),
): FieldRegistry {
  knowAsyncEvents(pluginEventNames(input));
  return fieldRegistry([...FIELD_CLASSES, staticFields(input.staticFields), ...plugins], input.sources);
}

/** The additions, with the suggestions of sources spelled out. */
export const expandAdditions = (additions: readonly Addition[], registry: FieldRegistry): OutputAddition[] =>
  additions.flatMap((addition) =>
    "suggested" in addition ? suggestedOutput(registry, addition.source) : [addition],
  );

/** Compiled rules by event source. */
export class Ruleset {
  readonly rules: readonly CompiledRule[];
  readonly #bySource = new Map<string, Matcher<CompiledRule>>();
  /** The source of the last event and what its rules are in: most engines have one. */
  #source = "";
  #matcher: Matcher<CompiledRule> | undefined = undefined;

  constructor(rules: readonly CompiledRule[], firstOnly: boolean) {
    this.rules = rules;
    for (const source of new Set(rules.map((rule) => rule.definition.source))) {
      const own = rules.filter((rule) => rule.definition.source === source);
      this.#bySource.set(source, new Matcher(own, firstOnly));
    }
  }

  /** Codes of the events that rules of the source can match. */
  codes(source: string): ReadonlySet<number> {
    return this.#bySource.get(source)?.codes ?? new Set();
  }

  match(context: Context, onMatch: (rule: CompiledRule) => void): void {
    const source = context.state.sourceName;
    if (source === undefined) return;
    if (source !== this.#source) {
      this.#source = source;
      this.#matcher = this.#bySource.get(source);
    }
    this.#matcher?.match(context, onMatch);
  }
}

export interface LoadOptions {
  /** Runs every millisecond or so meanwhile. */
  readonly onStep?: () => void;
  /** Fields of plugins that run in this thread. */
  readonly fields?: readonly FieldClass[];
}

const unmetRequirement = (name: string, unmet: string): FileReport => ({
  name,
  successful: false,
  schema: "ok",
  text: unmet,
  failure: {
    code: "RULES_PLUGIN",
    message: unmet,
    options: { hint: "add it to plugins and load_plugins" },
  },
});

/** Loads files in order; the first that has an error ends it, and there is no rule set then. */
export function loadRuleset(
  input: RulesInput,
  { onStep = () => {}, fields }: LoadOptions = {},
): { readonly report: RulesReport; readonly ruleset?: Ruleset } {
  const registry = registryFor(input, fields);
  const loader = new RulesLoader({ registry, additions: expandAdditions(input.additions, registry), onStep });
  const versions = requiredVersions(input);
  const files: FileReport[] = [];
  for (const { name, content } of input.files) {
    const result = loader.load(name, content);
    // A plugin that is missing explains errors better than the errors do.
    const unmet = unmetPluginRequirement(loader.collector.pluginRequirements, versions);
    if (unmet !== undefined) {
      files.push(unmetRequirement(name, unmet));
      return { report: { ok: false, files, rules: [], enabled: 0 } };
    }
    const failure = loadFailure(result);
    const { code, message, hint, place, excerpt } = failure ?? { code: "", message: "" };
    files.push({
      name,
      successful: result.successful,
      schema: result.schemaStatus,
      text: result.warnings.length > 0 || !result.successful ? result.verbose() : "",
      ...(failure
        ? {
            failure: {
              code,
              message,
              options: {
                ...(hint ? { hint } : {}),
                ...(place ? { place } : {}),
                ...(excerpt !== undefined ? { excerpt } : {}),
              },
            },
          }
        : {}),
    });
    if (!result.successful) return { report: { ok: false, files, rules: [], enabled: 0 } };
  }
  const { rules } = loader.compiled;
  const running = selectRules(rules, input.selections, input.priority);
  const report = { ok: true, files, rules: rules.map((rule) => rule.name), enabled: running.length };
  return { report, ruleset: new Ruleset(running, input.firstOnly) };
}
