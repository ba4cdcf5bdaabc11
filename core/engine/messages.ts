import type { PluginMetric } from "../capture/plugin/plugin.ts";
import type { FalcoErrorOptions } from "../errors.ts";
import type { CpuStats } from "../event/source.ts";
import type { LibsLevel, LogLevel } from "../log.ts";
import type { Alert } from "../outputs/alert.ts";
import type { RuleCost } from "./rule-costs.ts";

/** A FalcoError on its way from one thread to another: classes do not survive the passage. */
export interface ErrorMessage {
  readonly code: string;
  readonly message: string;
  readonly options: Omit<FalcoErrorOptions, "cause">;
}

/** Numbers of the engine since it started; read by metrics and statistics. */
export interface EngineStats {
  readonly events: number;
  /** Events by cause of their loss, as the source counts them. */
  readonly drops: Readonly<Record<string, number>>;
  readonly seen: number;
  /** Events that waited outside a kernel's buffer that was filling up. */
  readonly postponed: number;
  readonly perCpu?: readonly CpuStats[];
  readonly threads: number;
  readonly fds: number;
  readonly containers: number;
  readonly residentBytes: number;
  /** Matches by rule name, `rule_matching` and selection applied. */
  readonly matchesByRule: Readonly<Record<string, number>>;
  readonly ruleCosts?: readonly RuleCost[];
  /** Alerts that could not be handed over because the main thread was too far behind. */
  readonly alertsDropped: number;
  /** Seconds with losses above the threshold, how often something was done about it, and whether that was to end. */
  readonly monitoring: {
    readonly occurrences: number;
    readonly actionsTaken: number;
    readonly gaveUp: boolean;
  };
  /** What plugins say of themselves, `PLUGIN.NAME`. */
  readonly plugins: readonly PluginMetric[];
  /** State-table losses and lookups by name. */
  readonly state: Readonly<Record<string, number>>;
}

/** What the main thread tells the engine's thread. `S` is the start-up description, `R` a set of rules. */
export type ToEngine<S, R> =
  | {
      readonly type: "start";
      readonly start: S;
      readonly rules: R;
      /** Load them and leave it at that. */
      readonly rulesOnly: boolean;
      readonly progress: SharedArrayBuffer;
      /** Descriptor of the eventfd that each message sets, for an engine that blocks. */
      readonly wakeFd: number;
    }
  | { readonly type: "rules"; readonly id: number; readonly rules: R }
  /** Of the start-up description, what can be changed while it runs. */
  | { readonly type: "configure"; readonly start: S }
  | { readonly type: "stats"; readonly id: number }
  | { readonly type: "stop" };

/** What the engine's thread tells the main thread. `L` is the report of a load of rules. */
export type FromEngine<L> =
  | { readonly type: "loaded"; readonly id: number; readonly report: L }
  | { readonly type: "capturing" }
  | { readonly type: "alerts"; readonly alerts: readonly Alert[] }
  | { readonly type: "stats"; readonly id: number; readonly stats: EngineStats }
  | { readonly type: "log"; readonly level: LogLevel; readonly message: string }
  | { readonly type: "libsLog"; readonly level: LibsLevel; readonly message: string }
  | { readonly type: "ended"; readonly stats: EngineStats }
  | { readonly type: "failed"; readonly error: ErrorMessage };
