import type { ControllerHooks } from "./controller.ts";
import type { EngineStats } from "./messages.ts";
import type { RulesInput, RulesReport } from "./ruleset.ts";
import { SourceEngine } from "./source-engine.ts";
import type { EngineStart } from "./source-spec.ts";

/** The numbers of one engine. */
export interface SourceStatistics {
  readonly source: string;
  /** Whether a plugin brings it. */
  readonly isPlugin: boolean;
  readonly stats: EngineStats;
}

/** The numbers of the first engine, with what all have matched, and those of each. */
export interface GroupStats extends EngineStats {
  readonly engines: readonly SourceStatistics[];
}

/**
 * The engines of a run: a thread for each event source, since any of them may block, and each has state, rules and
 * plugins of its own. Alerts of all go the same way.
 */
export class EngineGroup {
  /** Resolves when the last source has ended; rejects as soon as one fails. */
  readonly ended: Promise<GroupStats>;
  readonly #hooks: ControllerHooks;
  readonly #engines: SourceEngine[] = [];
  #settle!: { resolve: (stats: GroupStats) => void; reject: (error: unknown) => void };

  constructor(hooks: ControllerHooks) {
    this.#hooks = hooks;
    this.ended = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // Whoever starts the engines looks at `ended` only after the rules have loaded.
    this.ended.catch(() => {});
  }

  /** Starts an engine for each; see EngineController.start. Resolves with the report of the first: all load the same. */
  async start(starts: readonly EngineStart[], rules: RulesInput, rulesOnly = false): Promise<RulesReport> {
    for (const { source } of starts) this.#engines.push(new SourceEngine(source, this.#hooks));
    const loading = this.#engines.map((engine, i) => engine.start(starts[i]!, rules, rulesOnly));
    const [report] = await Promise.all(loading);
    this.#all((engine) => engine.ended).then(this.#settle.resolve, this.#settle.reject);
    return report!;
  }

  async #all(numbers: (engine: SourceEngine) => Promise<EngineStats>): Promise<GroupStats> {
    return groupStats(
      await Promise.all(
        this.#engines.map(async (engine) => {
          const { source, isPlugin } = engine;
          return { source, isPlugin, stats: await numbers(engine) };
        }),
      ),
    );
  }

  /** Other rules for all; a report that is not good means that none has taken them on. */
  async loadRules(rules: RulesInput): Promise<RulesReport> {
    const reports = await Promise.all(this.#engines.map((engine) => engine.loadRules(rules)));
    const known = reports.filter((report) => report !== undefined);
    // Engines that hang load the same rules as the others; alone they can't say whether these are good.
    return known.find(({ ok }) => !ok) ?? known[0] ?? { ok: true, files: [], rules: [], enabled: 0 };
  }

  stats(): Promise<GroupStats> {
    return this.#all((engine) => engine.stats());
  }

  /** Ends capture; what has matched is still handed over before `ended` resolves. */
  stop(): void {
    for (const engine of this.#engines) engine.stop();
  }

  terminate(): void {
    for (const engine of this.#engines) engine.terminate();
  }
}

function groupStats(engines: readonly SourceStatistics[]): GroupStats {
  const matches: Record<string, number> = {};
  for (const { stats } of engines)
    for (const [rule, count] of Object.entries(stats.matchesByRule))
      matches[rule] = (matches[rule] ?? 0) + count;
  return {
    ...engines[0]!.stats,
    matchesByRule: matches,
    alertsDropped: engines.reduce((sum, { stats }) => sum + stats.alertsDropped, 0),
    engines,
  };
}
