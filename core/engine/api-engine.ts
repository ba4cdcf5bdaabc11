import type { InputSource } from "../capture/inputs/input-source.ts";
import type { InputsEngine } from "../capture/inputs/input-sources.ts";
import { FalcoError } from "../errors.ts";
import { FIELD_CLASSES, fieldRegistry, staticFields } from "../fields/all.ts";
import type { FieldClass } from "../fields/field.ts";
import type { Alert } from "../outputs/alert.ts";
import { knowAsyncEvents } from "../rules/language/event-codes.ts";
import type { CompiledRule } from "../rules/load/compiled.ts";
import type { LoadResult } from "../rules/load/load-result.ts";
import { RulesLoader } from "../rules/load/rules-loader.ts";
import { renderAlert } from "../rules/render.ts";
import { selectRules } from "../rules/select.ts";
import type { RuleInfo, RulesBackend, RulesVerdict } from "../server/grpc/backend.ts";
import { State } from "../state/state.ts";
import { Engine } from "./engine.ts";
import { runLoop } from "./loop.ts";
import { ruleInfo, rulesVerdict } from "./rules-verdict.ts";
import { expandAdditions, pluginEventNames, pluginFields, Ruleset, type RulesInput } from "./ruleset.ts";

export interface ApiEngineOptions {
  /** The configured rules; asked for anew at each load. */
  readonly input: () => RulesInput;
  /** Name of the API's own rules where a file's name is shown. */
  readonly document: string;
  readonly hostname: string;
  readonly onAlert: (alert: Alert) => void;
  /** Hands all rules, these last, to the thread that captures. */
  readonly onRules: (content: string) => Promise<void>;
  readonly onFailure: (source: string, error: unknown) => void;
}

interface Running {
  readonly source: InputSource;
  readonly engine: Engine<CompiledRule>;
  readonly fields: FieldClass;
  stopped: boolean;
}

/**
 * The API's side of the engine: loads all rules to list and check them, hands good ones to the thread that
 * captures, and matches the events of the clients' own sources here, since they arrive here.
 */
export class ApiEngine implements RulesBackend, InputsEngine {
  readonly reserved: InputsEngine["reserved"];
  readonly #options: ApiEngineOptions;
  readonly #inputs = new Map<string, Running>();
  #content = "";
  #last: Promise<unknown> = Promise.resolve();
  #rules: readonly RuleInfo[] = [];

  constructor(options: ApiEngineOptions) {
    this.#options = options;
    const general = FIELD_CLASSES.filter((one) => one.sources.length === 0);
    const names = new Set(general.flatMap((one) => one.fields.map((field) => field.name)));
    this.reserved = {
      source: (name) => options.input().sources.includes(name),
      field: (name) => names.has(name),
    };
  }

  list(): readonly RuleInfo[] {
    return this.#rules;
  }

  async validate(base: string, content: string): Promise<RulesVerdict> {
    const input = this.#options.input();
    const [, results] = this.#load(input, [base, content], this.#fields());
    return rulesVerdict(results);
  }

  apply(content: string): Promise<RulesVerdict> {
    return this.#inTurn(() => this.#apply(content));
  }

  /** Takes on rules that are in effect already: after the start, or a reload. */
  refresh(content: string): Promise<void> {
    return this.#inTurn(async () => {
      const input = this.#options.input();
      const [loader, results] = this.#load(input, [content], this.#fields());
      this.#content = content;
      if (results.every((result) => result.successful)) this.#use(loader, input);
    });
  }

  attach(source: InputSource, fields: FieldClass): Promise<void> {
    return this.#inTurn(() => this.#attach(source, fields));
  }

  /** Ends the clients' sources. */
  stop(): void {
    for (const running of this.#inputs.values()) running.stopped = true;
  }

  /** Loads follow one another: each builds on what the one before put into effect. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }

  async #apply(content: string): Promise<RulesVerdict> {
    const input = this.#options.input();
    const [loader, results] = this.#load(input, [content], this.#fields());
    const verdict = rulesVerdict(results);
    if (!verdict.ok) return verdict;
    await this.#options.onRules(content);
    this.#content = content;
    this.#use(loader, input);
    return verdict;
  }

  async #attach(source: InputSource, fields: FieldClass): Promise<void> {
    const { name } = source;
    const input = this.#options.input();
    const old = this.#inputs.get(name);
    const classes = [...this.#fields().filter((one) => one !== old?.fields), fields];
    const [loader, results] = this.#load(input, [this.#content], classes);
    const wrong = rulesVerdict(results).findings.find((finding) => finding.severity === "error");
    if (wrong) {
      throw new FalcoError(
        "API_PRECONDITION",
        `Cannot open the input "${name}": ${wrong.item}: ${wrong.message}`,
        {
          hint: "declare the fields that the rules on this source name",
        },
      );
    }
    const state = new State();
    state.sourceName = name;
    const { hostname, onAlert, onFailure } = this.#options;
    const engine = new Engine<CompiledRule>(state, { match: () => {} }, (rule, context) =>
      onAlert(renderAlert(rule, context, hostname)),
    );
    if (old) old.stopped = true;
    const running: Running = { source, engine, fields, stopped: false };
    this.#inputs.set(name, running);
    this.#use(loader, input);
    const hooks = { flush: () => undefined, stopped: () => running.stopped };
    runLoop(source, engine, hooks).catch((error) => onFailure(name, error));
  }

  #fields(): readonly FieldClass[] {
    return [...this.#inputs.values()].map((running) => running.fields);
  }

  /** Loads the configured files and what the API adds, up to the first that fails; with these fields of inputs. */
  #load(
    input: RulesInput,
    contents: readonly string[],
    inputs: readonly FieldClass[],
  ): [RulesLoader, LoadResult[]] {
    const sources = [...input.sources, ...inputs.flatMap((one) => one.sources)];
    const own = [...FIELD_CLASSES, staticFields(input.staticFields), ...pluginFields(input)];
    const classes = [...own, ...inputs];
    const registry = fieldRegistry(classes, sources);
    knowAsyncEvents(pluginEventNames(input));
    const loader = new RulesLoader({ registry, additions: expandAdditions(input.additions, registry) });
    const { document: name } = this.#options;
    const added = contents.filter((content) => content !== "").map((content) => ({ name, content }));
    const results: LoadResult[] = [];
    for (const file of [...input.files, ...added]) {
      const isOwn = added.some((one) => one === file);
      const result = loader.load(file.name, file.content, isOwn);
      // What is wrong with a file of the configuration is its own business, unless it stops everything.
      if (isOwn || !result.successful) results.push(result);
      if (!result.successful) break;
    }
    return [loader, results];
  }

  #use(loader: RulesLoader, input: RulesInput): void {
    const { rules } = loader.compiled;
    const running = selectRules(rules, input.selections, input.priority);
    const enabled = new Set(running);
    this.#rules = rules.map((rule) => ruleInfo(rule, enabled.has(rule), this.#options.document));
    const ruleset = new Ruleset(running, input.firstOnly);
    for (const { engine } of this.#inputs.values()) engine.use(ruleset);
  }
}
