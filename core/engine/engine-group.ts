import { FalcoError } from "../errors.ts";
import { type ControllerHooks, EngineController } from "./controller.ts";
import type { EngineStats } from "./messages.ts";
import type { RulesInput, RulesReport } from "./ruleset.ts";
import type { EngineStart, SourceSpec } from "./source-spec.ts";

type Controller = EngineController<EngineStart, RulesInput, RulesReport>;

/** How long an engine that was told to stop may hang in a plugin before it is left behind. */
const STOP_MS = 5_000;

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

/** Name of an engine's event source. */
export const eventSourceOf = (source: SourceSpec): string =>
  source.kind === "plugin" ? source.eventSource : "syscall";

/**
 * The engines of a run: a thread for each event source, since any of them may block, and each has state, rules and
 * plugins of its own. Alerts of all go the same way.
 */
export class EngineGroup {
  /** Resolves when the last source has ended; rejects as soon as one fails. */
  readonly ended: Promise<GroupStats>;
  readonly #hooks: ControllerHooks;
  readonly #engines: { readonly source: SourceSpec; readonly controller: Controller }[] = [];
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
    for (const { source } of starts) {
      this.#engines.push({ source, controller: new EngineController(this.#hooks) });
    }
    const reports = await Promise.all(
      this.#engines.map(({ controller }, i) => controller.start(starts[i]!, rules, rulesOnly)),
    );
    void this.#end();
    return reports[0]!;
  }

  async #end(): Promise<void> {
    try {
      const all = await Promise.all(
        this.#engines.map(async ({ source, controller }) => statistics(source, await controller.ended)),
      );
      this.#settle.resolve(groupStats(all));
    } catch (error) {
      this.#settle.reject(error);
    }
  }

  /** Other rules for all; a report that is not good means that none has taken them on. */
  async loadRules(rules: RulesInput): Promise<RulesReport> {
    const reports = await Promise.all(this.#engines.map(({ controller }) => controller.loadRules(rules)));
    return reports.find(({ ok }) => !ok) ?? reports[0]!;
  }

  async stats(): Promise<GroupStats> {
    const all = this.#engines.map(async ({ source, controller }) =>
      statistics(source, await controller.stats()),
    );
    return groupStats(await Promise.all(all));
  }

  /** Ends capture; what has matched is still handed over before `ended` resolves, unless a plugin hangs. */
  stop(): void {
    for (const { source, controller } of this.#engines) {
      controller.stop();
      if (source.kind !== "plugin") continue;
      const timer = setTimeout(() => {
        this.#settle.reject(
          new FalcoError(
            "PLUGIN_HANGS",
            `Cannot end the source ${source.eventSource}: its plugin does not return`,
          ),
        );
      }, STOP_MS);
      const done = () => clearTimeout(timer);
      controller.ended.then(done, done);
    }
  }

  terminate(): void {
    for (const { controller } of this.#engines) controller.terminate();
  }
}

const statistics = (source: SourceSpec, stats: EngineStats): SourceStatistics => ({
  source: eventSourceOf(source),
  isPlugin: source.kind === "plugin",
  stats,
});

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
