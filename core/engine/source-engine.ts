import { type ControllerHooks, EngineController } from "./controller.ts";
import type { EngineStats } from "./messages.ts";
import type { RulesInput, RulesReport } from "./ruleset.ts";
import type { EngineStart, SourceSpec } from "./source-spec.ts";

/** How long is waited for an engine whose plugin does not return. */
const PATIENCE_MS = 5_000;
/** The same for numbers, which are asked for every second. */
const STATS_MS = 500;

const NO_STATS: EngineStats = {
  events: 0,
  drops: {},
  seen: 0,
  postponed: 0,
  threads: 0,
  fds: 0,
  containers: 0,
  residentBytes: 0,
  matchesByRule: {},
  alertsDropped: 0,
  monitoring: { occurrences: 0, actionsTaken: 0, gaveUp: false },
  plugins: [],
  state: {},
};

/** The event source that an engine takes events from, as rules name it. */
export const eventSourceOf = (source: SourceSpec): string =>
  source.kind === "plugin" ? source.eventSource : "syscall";

/** The value of a promise, or what `otherwise` gives when it takes too long. */
function within<T>(milliseconds: number, promise: Promise<T>, otherwise: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(otherwise()), milliseconds);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/**
 * The engine of one event source. That of a plugin answers only while the plugin returns from its calls: where it does
 * not, the others go on without it.
 */
export class SourceEngine {
  /** See EngineController; also when it was told to stop and its plugin hangs. */
  readonly ended: Promise<EngineStats>;
  readonly #source: SourceSpec;
  readonly #hooks: ControllerHooks;
  readonly #controller: EngineController<EngineStart, RulesInput, RulesReport>;
  #last: EngineStats = NO_STATS;
  #asking: Promise<EngineStats> | undefined;
  /** Resolves when it was told to stop and does not. */
  readonly #hung: Promise<EngineStats>;
  #giveUp!: (stats: EngineStats) => void;

  constructor(source: SourceSpec, hooks: ControllerHooks) {
    this.#source = source;
    this.#hooks = hooks;
    this.#controller = new EngineController(hooks);
    this.#hung = new Promise((resolve) => {
      this.#giveUp = resolve;
    });
    this.ended = Promise.race([this.#controller.ended, this.#hung]);
    this.ended.catch(() => {});
  }

  get source(): string {
    return eventSourceOf(this.#source);
  }

  get isPlugin(): boolean {
    return this.#source.kind === "plugin";
  }

  /** The report; an empty one when it was told to stop and its plugin does not come out of its start. */
  start(start: EngineStart, rules: RulesInput, rulesOnly: boolean): Promise<RulesReport> {
    const nothing = this.#hung.then(() => ({ ok: true, files: [], rules: [], enabled: 0 }));
    return Promise.race([this.#controller.start(start, rules, rulesOnly), nothing]);
  }

  /** The report; undefined when the rules are in effect later, as soon as the plugin returns. */
  loadRules(rules: RulesInput): Promise<RulesReport | undefined> {
    const loading = this.#controller.loadRules(rules);
    if (!this.isPlugin) return loading;
    return within<RulesReport | undefined>(PATIENCE_MS, loading, () => {
      this.#hooks.onLog("warning", `The source ${this.source} has the old rules until its plugin returns`);
      return undefined;
    });
  }

  configure(start: EngineStart): void {
    this.#controller.configure(start);
  }

  /** The numbers of now, or the last ones of an engine that does not answer. */
  async stats(): Promise<EngineStats> {
    // One question at a time: an engine that hangs does not have a pile of them to answer.
    this.#asking ??= this.#controller.stats().finally(() => {
      this.#asking = undefined;
    });
    this.#last = await (this.isPlugin ? within(STATS_MS, this.#asking, () => this.#last) : this.#asking);
    return this.#last;
  }

  stop(): void {
    this.#controller.stop();
    if (!this.isPlugin) return;
    void within(
      PATIENCE_MS,
      this.ended.then(
        () => true,
        () => true,
      ),
      () => false,
    ).then((stopped) => {
      if (stopped) return;
      this.#hooks.onLog("error", `Going on without the source ${this.source}: its plugin does not return`);
      this.#giveUp(this.#last);
    });
  }

  terminate(): void {
    this.#controller.terminate();
  }
}
