import { FalcoError } from "../errors.ts";
import { type ControllerHooks, EngineController } from "./controller.ts";
import type { EngineStats } from "./messages.ts";
import type { RulesInput, RulesReport } from "./ruleset.ts";
import type { EngineStart, SourceSpec } from "./source-spec.ts";

type Controller = EngineController<EngineStart, RulesInput, RulesReport>;

/** How long an engine that was told to stop may hang in a plugin before it is left behind. */
const STOP_MS = 5_000;

/** The numbers of all engines together, and those of each plugin's source by its name. */
export interface GroupStats extends EngineStats {
  readonly plugins: Readonly<Record<string, EngineStats>>;
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
  readonly #engines: { readonly source: string; readonly controller: Controller }[] = [];
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
      this.#engines.push({
        source: eventSourceOf(source),
        controller: new EngineController(this.#hooks),
      });
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
        this.#engines.map(async ({ source, controller }) => ({ source, stats: await controller.ended })),
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
    const all = this.#engines.map(async ({ source, controller }) => ({
      source,
      stats: await controller.stats(),
    }));
    return groupStats(await Promise.all(all));
  }

  /** Ends capture; what has matched is still handed over before `ended` resolves, unless a plugin hangs. */
  stop(): void {
    for (const { source, controller } of this.#engines) {
      controller.stop();
      if (source === "syscall") continue;
      const timer = setTimeout(() => {
        this.#settle.reject(
          new FalcoError("PLUGIN_HANGS", `Cannot end the source ${source}: its plugin does not return`),
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

function groupStats(all: readonly { readonly source: string; readonly stats: EngineStats }[]): GroupStats {
  const [first] = all;
  const main = (all.find(({ source }) => source === "syscall") ?? first!).stats;
  const matches: Record<string, number> = {};
  for (const { stats } of all)
    for (const [rule, count] of Object.entries(stats.matchesByRule))
      matches[rule] = (matches[rule] ?? 0) + count;
  return {
    ...main,
    matchesByRule: matches,
    alertsDropped: all.reduce((sum, { stats }) => sum + stats.alertsDropped, 0),
    plugins: Object.fromEntries(
      all.filter(({ source }) => source !== "syscall").map(({ source, stats }) => [source, stats]),
    ),
  };
}
