import type { FieldRegistry } from "../../fields/field.ts";
import { nearest } from "../../nearest.ts";
import { EVENT } from "../../schema/event-codes.ts";
import { Binder } from "../check/bind.ts";
import { CheckError } from "../check/check-error.ts";
import type { ConditionNode } from "../language/ast.ts";
import type { CodeSet } from "../language/code-set.ts";
import { EventCodeError, eventCodes, eventCodesOf } from "../language/event-codes.ts";
import { lintCondition } from "../language/lint.ts";
import { ListSubstitution } from "../language/lists.ts";
import { type MacroLookup, resolveMacros } from "../language/macros.ts";
import { parseCondition } from "../language/parser.ts";
import { ConditionSyntaxError } from "../language/scanner.ts";
import { appliesTo, type OutputAddition } from "../output/additions.ts";
import { parseTemplate, type Template } from "../output/template.ts";
import type { RuleDefinition } from "../read/definitions.ts";
import { DEPRECATED_FIELDS } from "./codes.ts";
import type { Collector } from "./collector.ts";
import type { Compiled, CompiledExtra, CompiledList, CompiledMacro, CompiledRule } from "./compiled.ts";
import type { Context } from "./context.ts";
import { withExceptions } from "./exception-text.ts";
import { deprecatedFieldsIn, LoadError, type LoadResult } from "./load-result.ts";

const SYSCALL = "syscall";
/** A rule for more event types than this slows every event down, and is warned about. */
const MANY_CODES = 100;
const CONTAINER_INFO = "%container.info";
const CONTAINER_INFO_TEXT =
  "%container.info is deprecated and no more useful, and will be dropped by Falco 1.0.0. The container plugin will " +
  "automatically add required fields to the output message.";

/** Problems that `skip-if-unknown-filter` forgives, known by their wording. */
const isUnknown = (message: string): boolean =>
  /nonexistent field|invalid formatting token|unknown event type|unknown filter:/.test(message);

const isDeprecated = (field: string): boolean => Object.hasOwn(DEPRECATED_FIELDS, field);

/**
 * Compiles everything a collector holds. Each file of several recompiles what came before it, so parsed, bound
 * and resolved parts are kept and used again as long as their text and what they refer to stay the same.
 */
export class RulesCompiler {
  readonly #registry: FieldRegistry;
  readonly #additions: readonly OutputAddition[];
  readonly #binders = new Map<string, Binder>();
  readonly #parsed = new Map<string, ConditionNode>();
  readonly #templates = new Map<string, Template>();
  readonly #resolved = new WeakMap<
    ConditionNode,
    { node: ConditionNode; used: readonly (readonly [string, ConditionNode])[] }
  >();

  constructor(registry: FieldRegistry, additions: readonly OutputAddition[]) {
    this.#registry = registry;
    this.#additions = additions;
  }

  binder(source: string): Binder {
    let binder = this.#binders.get(source);
    if (!binder) {
      binder = new Binder(this.#registry, source);
      this.#binders.set(source, binder);
    }
    return binder;
  }

  /** Compiles, and warns about what is not used. Nothing when there was an error, which the result then holds. */
  compile(collector: Collector, result: LoadResult): Compiled | undefined {
    const pass = new Pass(this, collector, result, this.#additions);
    try {
      const rules = pass.rules();
      pass.warnUnused();
      return { rules, macros: pass.macros, lists: pass.lists };
    } catch (error) {
      if (!(error instanceof LoadError)) throw error;
      result.errors.push(error);
      return undefined;
    }
  }

  /** Parses a condition after list substitution. */
  parse(text: string): ConditionNode {
    let node = this.#parsed.get(text);
    if (!node) {
      node = parseCondition(text);
      this.#parsed.set(text, node);
    }
    return node;
  }

  template(source: string, text: string): Template {
    const key = `${source}\0${text}`;
    let template = this.#templates.get(key);
    if (!template) {
      template = parseTemplate(text, this.binder(source));
      this.#templates.set(key, template);
    }
    return template;
  }

  /** Resolves macros; the same tree comes back when neither the condition nor the macros changed. */
  resolve(node: ConditionNode, visible: MacroLookup) {
    const known = this.#resolved.get(node);
    if (known?.used.every(([name, body]) => visible(name) === body)) {
      return { node: known.node, used: known.used.map(([name]) => name), problem: undefined };
    }
    const { node: resolved, used, problem } = resolveMacros(node, visible);
    if (!problem) {
      const bodies = [...used].map((name) => [name, visible(name)!] as const);
      this.#resolved.set(node, { node: resolved, used: bodies });
    }
    return { node: resolved, used: [...used], problem };
  }
}

/** One compilation of everything. */
class Pass {
  readonly #compiler: RulesCompiler;
  readonly #collector: Collector;
  readonly #result: LoadResult;
  readonly #additions: readonly OutputAddition[];
  readonly #usedLists = new Set<string>();
  readonly #usedMacros = new Set<string>();
  readonly #substitution: ListSubstitution;
  readonly #items: ReadonlyMap<string, readonly string[]>;
  readonly #trees: ReadonlyMap<string, ConditionNode>;

  constructor(
    compiler: RulesCompiler,
    collector: Collector,
    result: LoadResult,
    additions: readonly OutputAddition[],
  ) {
    this.#compiler = compiler;
    this.#collector = collector;
    this.#result = result;
    this.#additions = additions;
    this.#items = this.#expandLists();
    this.#substitution = new ListSubstitution(Array.from(this.#items, ([name, items]) => ({ name, items })));
    this.#trees = new Map();
  }

  get lists(): CompiledList[] {
    return Array.from(this.#items, ([name, items]) => ({ name, items, used: this.#usedLists.has(name) }));
  }

  get macros(): CompiledMacro[] {
    return Array.from(this.#trees, ([name, tree]) => ({ name, tree, used: this.#usedMacros.has(name) }));
  }

  /** Items that name a list defined before take that list's own items: one level, the rest happens in text. */
  #expandLists(): Map<string, readonly string[]> {
    const { lists } = this.#collector;
    const expanded = new Map<string, readonly string[]>();
    for (const [name, { definition, visibility }] of lists) {
      const items = definition.items.flatMap((item) => {
        const inner = lists.get(item);
        if (!inner || inner.index >= visibility) return [item];
        this.#usedLists.add(item);
        return inner.definition.items;
      });
      expanded.set(name, items);
    }
    return expanded;
  }

  #parse(condition: string, context: Context): ConditionNode {
    const { text, used } = this.#substitution.apply(condition);
    for (const name of used) this.#usedLists.add(name);
    try {
      return this.#compiler.parse(text);
    } catch (error) {
      if (!(error instanceof ConditionSyntaxError)) throw error;
      throw new LoadError("LOAD_ERR_COMPILE_CONDITION", error.message, context.inCondition(text, error.pos));
    }
  }

  #resolve(node: ConditionNode, visible: MacroLookup, condition: string, context: Context): ConditionNode {
    const resolved = this.#compiler.resolve(node, visible);
    if (resolved.problem) {
      const { message, name, pos } = resolved.problem;
      throw new LoadError("LOAD_ERR_VALIDATE", message, context.inCondition(condition, pos), {
        suggestion: nearest(name, this.#collector.macros.keys()),
      });
    }
    for (const name of resolved.used) this.#usedMacros.add(name);
    return resolved.node;
  }

  #compileMacros(): void {
    const { macros } = this.#collector;
    const trees = this.#trees as Map<string, ConditionNode>;
    for (const [name, { definition }] of macros) {
      trees.set(name, this.#parse(definition.condition, definition.conditionContext));
    }
    for (const [name, { definition, visibility }] of macros) {
      const visible = (other: string): ConditionNode | undefined =>
        (macros.get(other)?.index ?? visibility) < visibility ? trees.get(other) : undefined;
      trees.set(name, this.#resolve(trees.get(name)!, visible, definition.condition, definition.context));
      this.#collector.onStep();
    }
  }

  rules(): CompiledRule[] {
    this.#compileMacros();
    const rules: CompiledRule[] = [];
    for (const { definition, unknownSource } of this.#collector.rules.values()) {
      if (unknownSource) continue;
      const rule = this.#rule(definition);
      if (rule) rules.push(rule);
      this.#collector.onStep();
    }
    return rules;
  }

  #rule(definition: RuleDefinition): CompiledRule | undefined {
    const text = withExceptions(definition.condition, definition.exceptions);
    const output = this.#output(definition);
    if (!output) return undefined;
    const extras = this.#extras(definition);
    const tree = this.#condition(definition, text);
    const condition = this.#bind(definition, tree, text);
    if (!condition) return undefined;
    const { source } = definition;
    return {
      name: definition.name,
      definition,
      tree,
      ...output,
      extras,
      condition,
      codes: this.#codes(source, definition, tree, text),
    };
  }

  #output(definition: RuleDefinition): { outputText: string; output: Template } | undefined {
    const { context, outputContext } = definition;
    const added = this.#additions.filter((a) => a.text !== undefined && appliesTo(a, definition));
    let outputText = [definition.output, ...added.map((a) => a.text)].join(" ");
    if (outputText.includes(CONTAINER_INFO)) {
      this.#result.warn("LOAD_DEPRECATED_ITEM", CONTAINER_INFO_TEXT, context);
      outputText = outputText.replaceAll(CONTAINER_INFO, "");
    }
    try {
      const output = this.#compiler.template(definition.source, outputText);
      this.#warnDeprecatedOutput(outputText, outputContext);
      return { outputText, output };
    } catch (error) {
      if (!(error instanceof CheckError)) throw error;
      if (definition.skipIfUnknownFilter && isUnknown(error.message)) {
        this.#result.warn("LOAD_UNKNOWN_FILTER", error.message, outputContext);
        return undefined;
      }
      throw new LoadError("LOAD_ERR_COMPILE_OUTPUT", error.message, outputContext, {
        suggestion: error.suggestion?.(),
        textPos: error.pos,
      });
    }
  }

  #warnDeprecatedOutput(template: string, context: Context): void {
    for (const field of deprecatedFieldsIn(template)) {
      const message = `usage of deprecated field '${field}' has been detected in the rule output`;
      this.#result.warnDeprecatedField(field, message, context);
    }
  }

  #extras(definition: RuleDefinition): CompiledExtra[] {
    const fields = this.#additions.filter((a) => appliesTo(a, definition)).flatMap((a) => a.fields ?? []);
    const byKey = new Map(fields.map((field) => [field.key, field]));
    return Array.from(byKey.values(), ({ key, format, raw }) => {
      try {
        const template = this.#compiler.template(definition.source, format);
        this.#warnDeprecatedOutput(format, definition.outputContext);
        return { key, format, template, raw };
      } catch (error) {
        if (!(error instanceof CheckError)) throw error;
        throw new LoadError("LOAD_ERR_COMPILE_OUTPUT", error.message, definition.outputContext);
      }
    });
  }

  #condition(definition: RuleDefinition, text: string): ConditionNode {
    const { context, conditionContext } = definition;
    const parsed = this.#parse(text, conditionContext);
    const tree = this.#resolve(parsed, (name) => this.#trees.get(name), text, context);
    const lint = lintCondition(tree, isDeprecated);
    const whole = conditionContext.inCondition(text, undefined);
    if (lint.unsafeNa) this.#result.warn("LOAD_UNSAFE_NA_CHECK", "", whole);
    for (const [field, description] of Object.entries(DEPRECATED_FIELDS)) {
      if (lint.deprecated.has(field)) this.#result.warnDeprecatedField(field, description, whole);
    }
    return tree;
  }

  #bind(
    definition: RuleDefinition,
    tree: ConditionNode,
    text: string,
  ): CompiledRule["condition"] | undefined {
    const { conditionContext } = definition;
    try {
      const { node, warnings } = this.#compiler.binder(definition.source).bind(tree);
      for (const { message, pos } of warnings) {
        this.#result.warn("LOAD_COMPILE_CONDITION", message, conditionContext.inCondition(text, pos));
      }
      return node;
    } catch (error) {
      if (!(error instanceof CheckError)) throw error;
      const place = conditionContext.inCondition(text, error.pos);
      if (definition.skipIfUnknownFilter && isUnknown(error.message)) {
        this.#result.warn("LOAD_UNKNOWN_FILTER", error.message, place);
        return undefined;
      }
      throw new LoadError("LOAD_ERR_COMPILE_CONDITION", error.message, place, {
        suggestion: error.suggestion?.(),
      });
    }
  }

  /** Events of plugins and of asynchronous notices reach rules whatever their condition says. */
  #codes(source: string, definition: RuleDefinition, tree: ConditionNode, text: string): CodeSet {
    const always = eventCodes([EVENT.ASYNCEVENT_E]);
    if (source !== SYSCALL) return always.union(eventCodes([EVENT.PLUGINEVENT_E]));
    try {
      const codes = eventCodesOf(tree);
      if (codes.size > MANY_CODES && definition.warnEvttypes) {
        this.#result.warn(
          "LOAD_NO_EVTTYPE",
          "Rule matches too many evt.type values. This has a significant performance penalty.",
          definition.context,
        );
      }
      return codes.union(always);
    } catch (error) {
      if (!(error instanceof EventCodeError)) throw error;
      const place = definition.conditionContext.inCondition(text, undefined);
      throw new LoadError("LOAD_ERR_COMPILE_CONDITION", error.message, place);
    }
  }

  warnUnused(): void {
    for (const [name, { definition }] of this.#collector.macros) {
      if (this.#usedMacros.has(name)) continue;
      this.#result.warn(
        "LOAD_UNUSED_MACRO",
        "Macro not referred to by any other rule/macro",
        definition.context,
      );
    }
    for (const [name, { definition }] of this.#collector.lists) {
      if (this.#usedLists.has(name)) continue;
      this.#result.warn(
        "LOAD_UNUSED_LIST",
        "List not referred to by any other rule/macro",
        definition.context,
      );
    }
  }
}
