import type { LogLevel } from "../log.ts";
import type { Alert } from "../outputs/alert.ts";
import { internalAlert } from "../outputs/internal-alert.ts";
import { TokenBucket } from "../outputs/token-bucket.ts";
import type { EngineStats } from "./messages.ts";

export interface DropOptions {
  /** Share of lost events in a second above which something is done. */
  readonly threshold: number;
  /** `ignore`, `log`, `alert`, `exit`. */
  readonly actions: readonly string[];
  /** Actions a second on average, and at once. */
  readonly rate: number;
  readonly max_burst: number;
  /** Pretends that one event was lost in each second. */
  readonly simulate_drops: boolean;
}

export interface DropDeps {
  readonly hostname: string;
  readonly alert: (alert: Alert) => void;
  readonly log: (level: LogLevel, message: string) => void;
  /** Ends the program with a failure. */
  readonly exit: () => void;
}

/** What a second took. */
interface Loss {
  readonly time: bigint;
  readonly lost: number;
  readonly seen: number;
  readonly drops: Readonly<Record<string, number>>;
}

const RULE = "Falco internal: syscall event drop";
/** Causes that the alert names even when they are zero. */
const CAUSES = [
  "n_drops_buffer_total",
  ...["clone_fork", "execve", "connect", "open", "dir_file", "other_interest", "close", "proc"].map(
    (about) => `n_drops_buffer_${about}_exit`,
  ),
  "n_drops_scratch_map",
  "n_drops_page_faults",
  "n_drops_bug",
] as const;

const TOTAL = "n_drops_buffer_total";

/** What full buffers lost: a source gives the total, its parts, or both. */
function bufferLoss(drops: EngineStats["drops"]): number {
  const parts = Object.entries(drops).filter(
    ([cause]) => cause.startsWith("n_drops_buffer_") && cause !== TOTAL,
  );
  return drops[TOTAL] ?? parts.reduce((sum, [, count]) => sum + count, 0);
}

function lossOf(drops: EngineStats["drops"]): number {
  const others = Object.entries(drops).filter(([cause]) => !cause.startsWith("n_drops_buffer_"));
  return others.reduce((sum, [, count]) => sum + count, bufferLoss(drops));
}

/** Looks once a second at what the kernel could not hand over, and does what the configuration says about it. */
export class DropMonitor {
  /** Seconds in which more was lost than is acceptable, and how often something was done about it. */
  occurrences = 0;
  actionsTaken = 0;
  readonly #deps: DropDeps;
  #options: DropOptions;
  #bucket: TokenBucket;
  #last: Pick<EngineStats, "seen" | "drops"> = { seen: 0, drops: {} };

  constructor(options: DropOptions, deps: DropDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#bucket = new TokenBucket(options.rate, options.max_burst);
  }

  /** Other options from the next second on; what was counted stays. */
  configure(options: DropOptions): void {
    const { rate, max_burst } = this.#options;
    this.#options = options;
    if (options.rate === rate && options.max_burst === max_burst) return;
    this.#bucket = new TokenBucket(options.rate, options.max_burst);
  }

  /** `stats` are the engine's totals, `time` is now, or where a replay has come to: nanoseconds since the epoch. */
  look(stats: Pick<EngineStats, "seen" | "drops">, time: bigint): void {
    const seen = stats.seen - this.#last.seen;
    const drops: Record<string, number> = {};
    for (const [cause, count] of Object.entries(stats.drops))
      drops[cause] = count - (this.#last.drops[cause] ?? 0);
    this.#last = stats;
    const { simulate_drops, threshold } = this.#options;
    if (simulate_drops) this.#deps.log("info", "Simulating syscall event drop");
    const lost = lossOf(drops) + (simulate_drops ? 1 : 0);
    if (lost === 0 || (!simulate_drops && lost / Math.max(seen, lost) <= threshold)) return;
    this.occurrences++;
    if (!this.#bucket.claim(Number(time / 1_000_000n))) {
      this.#deps.log("debug", "Syscall event drop but token bucket depleted, skipping actions");
      return;
    }
    this.actionsTaken++;
    for (const action of this.#options.actions) this.#act(action, { time, lost, seen, drops });
  }

  #act(action: string, loss: Loss): void {
    const message = `${RULE}. ${loss.lost} system calls dropped in last second.`;
    if (action === "log") this.#deps.log("debug", message);
    if (action === "alert") this.#deps.alert(this.#alert(message, loss));
    if (action === "exit") {
      this.#deps.log("critical", message);
      this.#deps.log("critical", "Exiting.");
      this.#deps.exit();
    }
  }

  #alert(message: string, { time, lost, seen, drops }: Loss): Alert {
    const text = (count: number | undefined): string => String(count ?? 0);
    return internalAlert({
      time,
      rule: RULE,
      priority: "Debug",
      hostname: this.#deps.hostname,
      message,
      fields: {
        ebpf_enabled: "1",
        n_drops: text(lost),
        n_evts: text(seen),
        ...Object.fromEntries(CAUSES.map((cause) => [cause, text(drops[cause])])),
        [TOTAL]: text(bufferLoss(drops)),
      },
    });
  }
}
