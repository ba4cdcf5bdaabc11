import { FalcoError } from "../../errors.ts";
import { nearest } from "../../nearest.ts";
import { eventNamesOf } from "../language/event-codes.ts";
import { parseCondition } from "../language/parser.ts";
import { printCondition } from "../language/print.ts";
import type { CompiledList, CompiledMacro, CompiledRule } from "../load/compiled.ts";
import { exceptionFields } from "../load/exception-text.ts";
import type { RulesLoader } from "../load/rules-loader.ts";
import type { ExceptionEntry } from "../read/definitions.ts";
import { printVersion } from "../read/version.ts";
import { conditionDetails } from "./condition-details.ts";

/** A plugin that rules can make use of, by name: whether a field or an event comes from it. */
export interface DescribedPlugin {
  readonly name: string;
  /** Event source it provides, if it does. */
  readonly source?: string;
  readonly hasField: (source: string, field: string) => boolean;
  readonly hasEvent?: (name: string) => boolean;
}

type Details = Readonly<Record<string, unknown>>;
type Described = { readonly details: Details; readonly info: Details };

/** What rules, macros and lists consist of, in the shape of `falco -L` with JSON output. */
export interface Description {
  readonly lists?: readonly Described[];
  readonly macros?: readonly Described[];
  readonly required_engine_version?: string;
  readonly required_plugin_versions?: readonly Details[];
  readonly rules: readonly Described[];
}

const sorted = (values: Iterable<string>): string[] => [...new Set(values)].sort();
const SYSCALL = "syscall";
const ASYNC_EVENT = "asyncevent";

class Describer {
  readonly #loader: RulesLoader;
  readonly #plugins: readonly DescribedPlugin[];
  readonly #listNames: ReadonlySet<string>;

  constructor(loader: RulesLoader, plugins: readonly DescribedPlugin[]) {
    this.#loader = loader;
    this.#plugins = plugins;
    this.#listNames = new Set(loader.collector.lists.keys());
  }

  #usedPlugins(source: string, fields: Iterable<string>, events: ReadonlySet<string>): string[] {
    const names = [...fields].map((field) => field.replace(/\[.*$/s, ""));
    const used = this.#plugins.filter(
      (plugin) =>
        plugin.source === source ||
        names.some((name) => plugin.hasField(source, name)) ||
        [...events].some((name) => plugin.hasEvent?.(name)),
    );
    return used.map((plugin) => plugin.name);
  }

  #names(condition: string) {
    const details = conditionDetails(parseCondition(condition), this.#listNames);
    const { macros } = this.#loader.collector;
    return {
      lists: sorted(details.lists),
      macros: sorted([...details.macros].filter((name) => macros.has(name))),
    };
  }

  rule({ definition, tree, outputText, output, extras }: CompiledRule): Described {
    const { source, exceptions } = definition;
    const details = conditionDetails(tree, this.#listNames);
    const outputFields = [...extras.map((extra) => extra.format), ...output.names];
    const formatted = extras.filter((extra) => !extra.raw).map((extra) => [extra.key, extra.format] as const);
    const events = source === SYSCALL ? [...eventNamesOf(tree), ASYNC_EVENT] : ["pluginevent", ASYNC_EVENT];
    const comps = exceptions.flatMap((e) => flat(e.comps));
    return {
      details: {
        condition_compiled: printCondition(tree),
        condition_fields: sorted(details.fields),
        condition_operators: sorted(details.operators),
        events: sorted(events),
        exception_fields: sorted(exceptionFields(exceptions)),
        exception_names: sorted(exceptions.map((e) => e.name)),
        exception_operators: sorted(comps),
        ...(formatted.length > 0 ? { extra_output_formatted_fields: Object.fromEntries(formatted) } : {}),
        ...this.#names(definition.condition),
        output_compiled: outputText,
        output_fields: outputFields,
        plugins: this.#usedPlugins(source, [...details.fields, ...outputFields], details.eventNames),
      },
      info: {
        capture: definition.capture,
        capture_duration: definition.captureDuration,
        condition: definition.condition,
        description: definition.description,
        enabled: definition.enabled,
        name: definition.name,
        output: definition.output,
        priority: definition.priority,
        source,
        tags: definition.tags,
      },
    };
  }

  macro({ name, tree, used }: CompiledMacro): Described {
    const { condition } = this.#loader.collector.macros.get(name)!.definition;
    const details = conditionDetails(tree, this.#listNames);
    return {
      details: {
        condition_compiled: printCondition(tree),
        condition_fields: sorted(details.fields),
        condition_operators: sorted(details.operators),
        events: sorted([...eventNamesOf(tree), ASYNC_EVENT]),
        ...this.#names(condition),
        // Which plugin a macro uses depends on the source of the rule that uses the macro.
        plugins: [],
        used,
      },
      info: { condition, name },
    };
  }

  list({ name, items, used }: CompiledList): Described {
    const written = this.#loader.collector.lists.get(name)!.definition.items;
    const known = new Set(items);
    return {
      details: {
        items_compiled: items,
        lists: sorted(written.filter((item) => !known.has(item))),
        plugins: [],
        used,
      },
      info: { items: written.filter((item) => known.has(item)), name },
    };
  }

  everything(): Description {
    const { compiled, collector } = this.#loader;
    return {
      lists: compiled.lists.map((list) => this.list(list)),
      macros: compiled.macros.map((macro) => this.macro(macro)),
      required_engine_version: collector.requiredEngine ? printVersion(collector.requiredEngine) : "0.0.0",
      required_plugin_versions: collector.pluginRequirements.map(([main, ...alternatives]) => ({
        alternatives,
        name: main!.name,
        version: main!.version,
      })),
      rules: compiled.rules.map((rule) => this.rule(rule)),
    };
  }
}

function flat(entry: ExceptionEntry | undefined): string[] {
  if (entry === undefined) return [];
  return typeof entry === "string" ? [entry] : entry.flatMap(flat);
}

/** Describes everything that was loaded, or one rule by name. Throws FalcoError for a rule that is not there. */
export function describeRules(
  loader: RulesLoader,
  plugins: readonly DescribedPlugin[],
  ruleName?: string,
): Description {
  const describer = new Describer(loader, plugins);
  if (ruleName === undefined) return describer.everything();
  const rule = loader.compiled.rules.find((r) => r.name === ruleName);
  if (!rule) {
    const near = nearest(
      ruleName,
      loader.compiled.rules.map((r) => r.name),
    );
    throw new FalcoError("RULE_UNKNOWN", `Rule "${ruleName}" is not loaded`, {
      hint: near ? `did you mean "${near}"?` : 'see "falco rules list"',
    });
  }
  return { rules: [describer.rule(rule)] };
}
