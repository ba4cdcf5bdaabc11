import type { Source } from "../event/source.ts";
import type { LogLevel } from "../log.ts";
import type { Alert } from "../outputs/alert.ts";
import type { RunningRule } from "../rules/load/compiled.ts";
import { DropMonitor, type DropOptions } from "./drop-monitor.ts";
import type { Matching } from "./engine.ts";
import { IdleWatch } from "./idle-watch.ts";
import type { EngineStats } from "./messages.ts";
import { ReplayClock } from "./replay-clock.ts";

const SECOND_MS = 1000;

export interface MonitoringOptions {
  readonly drops: DropOptions;
  /** Empty waits in a row after which an alert is raised. */
  readonly maxTimeouts: number;
  /** Milliseconds of recorded time after which a replay ends. */
  readonly replayDuration?: number;
}

export interface MonitoringDeps {
  readonly source: Pick<Source, "stats">;
  readonly isReplay: boolean;
  readonly hostname: string;
  readonly alert: (alert: Alert) => void;
  readonly log: (level: LogLevel, message: string) => void;
  readonly stop: () => void;
  /** Events were lost since the last look. */
  readonly lost?: () => void;
}

const nowNs = (): bigint => BigInt(Date.now()) * 1_000_000n;

/** What the engine watches about itself: what the kernel could not hand over, and silence. */
export class Monitoring {
  readonly #options: MonitoringOptions;
  readonly #deps: MonitoringDeps;
  readonly #drops: DropMonitor;
  readonly #idle: IdleWatch;
  #gaveUp = false;
  #lost = 0;
  #nextLook = performance.now() + SECOND_MS;

  constructor(options: MonitoringOptions, deps: MonitoringDeps) {
    this.#options = options;
    this.#deps = deps;
    const { hostname, alert, log } = deps;
    this.#drops = new DropMonitor(options.drops, { hostname, alert, log, exit: () => this.#giveUp() });
    this.#idle = new IdleWatch({ maxConsecutives: options.maxTimeouts, hostname, alert });
  }

  /** Other limits and actions; whether a replay simulates drops was decided when it began. */
  configure({ drops, maxTimeouts }: MonitoringOptions): void {
    const { simulate_drops } = this.#options.drops;
    this.#drops.configure({ ...drops, simulate_drops });
    this.#idle.configure(maxTimeouts);
  }

  /** A clock for a replay that has use for one: nothing is lost in a capture unless that is simulated. */
  clock(rules: Matching<RunningRule>): ReplayClock<RunningRule> | undefined {
    const { drops, replayDuration } = this.#options;
    if (!this.#deps.isReplay || (!drops.simulate_drops && replayDuration === undefined)) return;
    return new ReplayClock(rules, {
      onSecond: (time) => {
        this.#look(time);
        return !this.#gaveUp;
      },
      onEnd: this.#deps.stop,
      ...(replayDuration === undefined ? {} : { duration: replayDuration * 1e6 }),
    });
  }

  /** A live source has waited for events and brought so many. */
  waited(events: number): void {
    if (this.#deps.isReplay) return;
    this.#idle.waited(events, nowNs());
    if (performance.now() < this.#nextLook) return;
    this.#nextLook = performance.now() + SECOND_MS;
    this.#look(nowNs());
  }

  get result(): EngineStats["monitoring"] {
    const { occurrences, actionsTaken } = this.#drops;
    return { occurrences, actionsTaken, gaveUp: this.#gaveUp };
  }

  #look(time: bigint): void {
    const { seen, dropped } = this.#deps.source.stats();
    this.#drops.look({ seen, drops: dropped }, time);
    const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
    if (lost > this.#lost) this.#deps.lost?.();
    this.#lost = lost;
  }

  #giveUp(): void {
    this.#gaveUp = true;
    this.#deps.stop();
  }
}
