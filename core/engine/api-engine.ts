import type { InputSource } from "../capture/inputs/input-source.ts";
import type { InputsEngine } from "../capture/inputs/input-sources.ts";
import { FalcoError } from "../errors.ts";
import { fieldRegistry } from "../fields/all.ts";
import type { FieldClass } from "../fields/field.ts";
import type { Alert, Priority } from "../outputs/alert.ts";
import { Matcher } from "../rules/compile/matcher.ts";
import type { CompiledRule } from "../rules/load/compiled.ts";
import type { RuleFile } from "../rules/load/context.ts";
import type { LoadResult } from "../rules/load/load-result.ts";
import { RulesLoader } from "../rules/load/rules-loader.ts";
import type { OutputAddition } from "../rules/output/additions.ts";
import { renderAlert } from "../rules/render.ts";
import { type Selection, selectRules } from "../rules/select.ts";
import type { RuleInfo, RulesBackend, RulesVerdict } from "../server/grpc/backend.ts";
import { State } from "../state/state.ts";
import { Engine } from "./engine.ts";
import { runLoop } from "./loop.ts";
import { ruleInfo, rulesVerdict } from "./rules-verdict.ts";

/** How rules are loaded, as configured; asked for anew at each load. */
export interface RulesSetting {
  readonly files: readonly RuleFile[];
  readonly additions: readonly OutputAddition[];
  readonly selections: readonly Selection[];
  readonly least: Priority;
  /** One alert an event at most. */
  readonly firstOnly: boolean;
}

export interface ApiEngineOptions {
  readonly setting: () => RulesSetting | Promise<RulesSetting>;
  /** Event sources and fields that exist without the API's clients. */
  readonly sources: readonly string[];
  readonly classes: readonly FieldClass[];
  readonly hostname: string;
  readonly onAlert: (alert: Alert) => void;
  /** Hands all rules, the API's last, to the thread that captures. */
  readonly onRules: (files: readonly RuleFile[]) => Promise<void>;
  readonly onFailure: (source: string, error: unknown) => void;
}

/** Name of the API's own rules wherever a file name is shown. */
export const API_RULES = "falco_api_rules.yaml";

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
    const general = options.classes.filter((one) => one.sources.length === 0);
    const names = new Set(general.flatMap((one) => one.fields.map((field) => field.name)));
    this.reserved = {
      source: (name) => options.sources.includes(name),
      field: (name) => names.has(name),
    };
  }

  list(): readonly RuleInfo[] {
    return this.#rules;
  }

  async validate(base: string, content: string): Promise<RulesVerdict> {
    const setting = await this.#options.setting();
    const [, results] = this.#load(setting, [base, content], this.#classes());
    return rulesVerdict(results);
  }

  apply(content: string): Promise<RulesVerdict> {
    return this.#inTurn(() => this.#apply(content));
  }

  /** Takes on changed configuration and files: the API's rules stay. */
  reload(): Promise<RulesVerdict> {
    return this.#inTurn(() => this.#apply(this.#content));
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
    const setting = await this.#options.setting();
    const [loader, results] = this.#load(setting, [content], this.#classes());
    const verdict = rulesVerdict(results);
    if (!verdict.ok) return verdict;
    await this.#options.onRules([...setting.files, { name: API_RULES, content }]);
    this.#content = content;
    this.#use(loader, setting);
    return verdict;
  }

  async #attach(source: InputSource, fields: FieldClass): Promise<void> {
    const { name } = source;
    const setting = await this.#options.setting();
    const old = this.#inputs.get(name);
    const classes = [...this.#classes().filter((one) => one !== old?.fields), fields];
    const [loader, results] = this.#load(setting, [this.#content], classes, name);
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
    this.#use(loader, setting);
    const hooks = { flush: () => undefined, stopped: () => running.stopped };
    runLoop(source, engine, hooks).catch((error) => onFailure(name, error));
  }

  #classes(): readonly FieldClass[] {
    return [...this.#options.classes, ...[...this.#inputs.values()].map((running) => running.fields)];
  }

  /** Loads the configured files and what the API adds, up to the first that fails. */
  #load(
    setting: RulesSetting,
    contents: readonly string[],
    classes: readonly FieldClass[],
    further = "",
  ): [RulesLoader, LoadResult[]] {
    const sources = new Set([...this.#options.sources, ...this.#inputs.keys(), further]);
    sources.delete("");
    const registry = fieldRegistry(classes, [...sources]);
    const loader = new RulesLoader({ registry, additions: setting.additions });
    const added = contents
      .filter((content) => content !== "")
      .map((content) => ({ name: API_RULES, content }));
    const results: LoadResult[] = [];
    for (const file of [...setting.files, ...added]) {
      const result = loader.load(file.name, file.content, added.includes(file));
      // What is wrong with a file of the configuration is its own business, unless it stops everything.
      if (added.includes(file) || !result.successful) results.push(result);
      if (!result.successful) break;
    }
    return [loader, results];
  }

  #use(loader: RulesLoader, setting: RulesSetting): void {
    const { rules } = loader.compiled;
    const running = selectRules(rules, setting.selections, setting.least);
    const enabled = new Set(running);
    this.#rules = rules.map((rule) => ruleInfo(rule, enabled.has(rule), API_RULES));
    for (const [name, { engine }] of this.#inputs) {
      const own = running.filter((rule) => rule.definition.source === name);
      engine.use(new Matcher(own, setting.firstOnly));
    }
  }
}
