import { LIST_OPERATORS, MODIFIERS, NUMBER_OPERATORS, STRING_OPERATORS } from "../language/ast.ts";
import type {
  ExceptionDefinition,
  ListDefinition,
  MacroDefinition,
  PluginRequirement,
  RuleDefinition,
  RuleUpdate,
} from "../read/definitions.ts";
import { compareVersions, isCompatible, parseVersion, printVersion, type Version } from "../read/version.ts";
import type { Context } from "./context.ts";
import { LoadError, type LoadResult } from "./load-result.ts";

/** A definition with its place in the order of all items. */
export interface Collected<T> {
  readonly definition: T;
  /** Position of the first definition: the order of evaluation, and what others can see. */
  readonly index: number;
  /** Position of the last definition or append: up to where this one sees others. */
  visibility: number;
}

/** What the collector asks of the engine. */
export interface SourceKnowledge {
  readonly engineVersion: Version;
  /** Whether rules of this event source can run. */
  hasSource(source: string): boolean;
  /** Whether a text is a field or transformer for the left side of a check. */
  isLeftSide(source: string, text: string): boolean;
}

const NO_PREVIOUS = {
  list: "List uses 'append' or 'override.items: append' but no list by that name already exists",
  macro: "Macro uses 'append' or 'override.condition: append' but no macro by that name already exists",
  rule: "Rule uses 'append' or 'override.<key>: append' but no rule by that name already exists",
  replace: "An 'override.<key>: replace' to a rule was requested but no rule by that name already exists",
  enable: "Rule has 'enabled' key but no rule by that name already exists",
} as const;

const OPERATORS = new Set<string>(["exists", ...NUMBER_OPERATORS, ...STRING_OPERATORS, ...LIST_OPERATORS]);
const WITH_MODIFIER = new Set(
  STRING_OPERATORS.flatMap((operator) => MODIFIERS.map((modifier) => `${operator} ${modifier}`)),
);

/** Whether an exception's operator takes a list in parentheses. */
export const takesList = (operator: string): boolean =>
  (LIST_OPERATORS as readonly string[]).includes(operator) || WITH_MODIFIER.has(operator);

const trimBlanks = (text: string): string => text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "");

/** Keys of an update that mean something changes. */
const hasChange = ({ name: _name, source: _source, context: _context, ...rest }: RuleUpdate): boolean =>
  Object.values(rest).some((value) => value !== undefined);

/**
 * Everything that the files read so far define. Later files and items redefine, append to and override what
 * earlier ones said; nothing is resolved or checked yet beyond what an item alone can get wrong.
 */
export class Collector {
  readonly lists = new Map<string, Collected<ListDefinition>>();
  readonly macros = new Map<string, Collected<MacroDefinition>>();
  readonly rules = new Map<string, Collected<RuleDefinition> & { unknownSource: boolean }>();
  readonly pluginRequirements: (readonly PluginRequirement[])[] = [];
  requiredEngine: Version | undefined;
  /** Where warnings go while a file is read. */
  result: LoadResult | undefined;
  /** Runs every millisecond or so while rules load: whoever may not stand still for all of it goes on there. */
  onStep: () => void = () => {};
  readonly #knowledge: SourceKnowledge;
  #index = 0;

  constructor(knowledge: SourceKnowledge) {
    this.#knowledge = knowledge;
  }

  #refuse(message: string, context: Context): never {
    throw new LoadError("LOAD_ERR_VALIDATE", message, context);
  }

  #define<T extends { readonly name: string }>(into: Map<string, Collected<T>>, definition: T): void {
    const index = this.#index++;
    const first = into.get(definition.name)?.index ?? index;
    into.set(definition.name, { definition, index: first, visibility: index });
  }

  requireEngine(version: Version, context: Context): void {
    const { engineVersion } = this.#knowledge;
    if (!isCompatible(engineVersion, version)) {
      this.#refuse(
        `Rules require engine version ${printVersion(version)}, but engine version is ${printVersion(engineVersion)}`,
        context,
      );
    }
    if (!this.requiredEngine || compareVersions(this.requiredEngine, version) < 0)
      this.requiredEngine = version;
  }

  requirePlugin(alternatives: readonly PluginRequirement[], context: Context): void {
    const names = new Set<string>();
    for (const { name, version } of alternatives) {
      if (!parseVersion(version)) {
        this.#refuse(`Invalid required version '${version}' for plugin '${name}'`, context);
      }
      if (names.has(name)) {
        this.#refuse(`Defined multiple alternative version requirements for plugin '${name}'`, context);
      }
      names.add(name);
    }
    this.pluginRequirements.push(alternatives);
  }

  defineList(list: ListDefinition): void {
    this.#define(this.lists, list);
  }

  appendList(list: ListDefinition): void {
    const previous = this.lists.get(list.name) ?? this.#refuse(NO_PREVIOUS.list, list.context);
    previous.definition.items = [...previous.definition.items, ...list.items];
    previous.visibility = this.#index++;
  }

  defineMacro(macro: MacroDefinition): void {
    this.#define(this.macros, macro);
  }

  appendMacro(macro: MacroDefinition): void {
    const previous = this.macros.get(macro.name) ?? this.#refuse(NO_PREVIOUS.macro, macro.context);
    previous.definition.condition += ` ${macro.condition}`;
    previous.visibility = this.#index++;
  }

  #previousRule(name: string, source: string, context: Context) {
    const previous = this.rules.get(name);
    const before = previous?.definition.source;
    if (before && source !== "" && before !== source) {
      this.#refuse("Rule has been re-defined with a different source", context);
    }
    return previous;
  }

  defineRule(rule: RuleDefinition): void {
    const previous = this.#previousRule(rule.name, rule.source, rule.context);
    const unknownSource = !this.#knowledge.hasSource(rule.source);
    if (unknownSource) {
      this.result?.warn("LOAD_UNKNOWN_SOURCE", `Unknown source ${rule.source}, skipping`, rule.context);
    }
    for (const exception of rule.exceptions) {
      if (exception.fields === undefined) {
        this.#refuse(
          "Rule exception item must have fields property with a list of fields",
          exception.context,
        );
      }
      this.#completeException(exception, unknownSource ? undefined : rule.source);
    }
    const index = this.#index++;
    this.rules.set(rule.name, {
      definition: rule,
      index: previous?.index ?? index,
      visibility: index,
      unknownSource,
    });
  }

  appendRule(update: RuleUpdate): void {
    const { context } = update;
    const previous =
      this.#previousRule(update.name, update.source, context) ?? this.#refuse(NO_PREVIOUS.rule, context);
    if (!hasChange(update)) this.#refuse("Appended rule must have exceptions or condition property", context);
    const rule = previous.definition;
    if (update.condition) rule.condition += ` ${update.condition}`;
    if (update.output) rule.output += ` ${update.output}`;
    if (update.description) rule.description += ` ${update.description}`;
    if (update.tags) {
      rule.tags = [...new Set([...rule.tags, ...update.tags])].sort((a, b) =>
        Buffer.compare(Buffer.from(a), Buffer.from(b)),
      );
    }
    const source = previous.unknownSource ? undefined : rule.source;
    for (const exception of update.exceptions ?? []) this.#appendException(rule, exception, source);
    previous.visibility = this.#index++;
  }

  #appendException(rule: RuleDefinition, exception: ExceptionDefinition, source: string | undefined): void {
    const { context } = exception;
    const known = rule.exceptions.find((e) => e.name === exception.name);
    if (known) {
      if (exception.fields !== undefined) {
        this.#refuse("Can not append exception fields to existing exception, only values", context);
      }
      if (exception.comps !== undefined) {
        this.#refuse("Can not append exception comps to existing exception, only values", context);
      }
      known.values = [...known.values, ...exception.values];
      return;
    }
    if (exception.fields === undefined) {
      this.#refuse("Rule exception must have fields property with a list of fields", context);
    }
    if (exception.values.length === 0) {
      this.#refuse("Rule exception must have values property with a list of values", context);
    }
    this.#completeException(exception, source);
    rule.exceptions = [...rule.exceptions, exception];
  }

  replaceInRule(update: RuleUpdate): void {
    const { name, source, context, ...changes } = update;
    const previous = this.#previousRule(name, source, context) ?? this.#refuse(NO_PREVIOUS.replace, context);
    if (!hasChange(update))
      this.#refuse("The rule must have at least one field that can be replaced", context);
    // Replaced exceptions are taken as they are: without default operators, unchecked.
    Object.assign(previous.definition, changes);
    previous.visibility = this.#index++;
  }

  enableRule(name: string, enabled: boolean, context: Context): void {
    const previous = this.rules.get(name) ?? this.#refuse(NO_PREVIOUS.enable, context);
    previous.definition.enabled = enabled;
  }

  /** Fills in default operators and checks shapes, operators and (where the source is known) fields. */
  #completeException(exception: ExceptionDefinition, source: string | undefined): void {
    const { fields, context } = exception;
    const checkField = (field: string): void => {
      if (source === undefined || this.#knowledge.isLeftSide(source, field)) return;
      this.#refuse(`'${field}' is not a supported filter field`, context);
    };
    if (typeof fields === "string") {
      const comps = exception.comps ?? "in";
      if (typeof comps !== "string") this.#refuse("Fields and comps must both be strings", context);
      const operator = trimBlanks(comps);
      exception.comps = operator;
      if (!takesList(operator)) {
        this.#refuse(
          "When fields is a single value, comps must be one of (in, pmatch, intersects) or a modifier operator " +
            "(e.g. startswith oneof)",
          context,
        );
      }
      checkField(fields);
      return;
    }
    const names = (fields ?? []).map(String);
    const comps = exception.comps ?? names.map(() => "=");
    if (typeof comps === "string" || comps.length !== names.length) {
      this.#refuse("Fields and comps lists must have equal length", context);
    }
    const operators = comps.map((comp) => trimBlanks(String(comp)));
    for (const operator of operators) {
      if (!OPERATORS.has(operator) && !WITH_MODIFIER.has(operator)) {
        this.#refuse(`'${operator}' is not a supported comparison operator`, context);
      }
    }
    exception.comps = operators;
    names.forEach(checkField);
  }
}
