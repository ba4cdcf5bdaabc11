import { reasonOf } from "../errors.ts";
import type { LogLevel } from "../log.ts";
import { type AlertQueue, LOSSES } from "./alert-queue.ts";

/** How often the losses of one output are written to the log. */
const INTERVAL_MS = 30_000;

interface Told {
  lost: number;
  at: number;
  /** Beginning of the stall that was reported. */
  stall: number | undefined;
}

/** Tells the log which outputs are stuck, once a stall, and what they lost, once an interval. */
export class LossReport {
  readonly #log: (level: LogLevel, message: string) => void;
  readonly #told = new Map<string, Told>();

  constructor(log: (level: LogLevel, message: string) => void) {
    this.#log = log;
  }

  /** `final` reports what is left to report without regard to the interval. Returns whether all that was lost has been told. */
  look(queue: AlertQueue, timeoutMs: number, final: boolean): boolean {
    const now = performance.now();
    const told = this.#told.get(queue.name) ?? { lost: 0, at: Number.NEGATIVE_INFINITY, stall: undefined };
    this.#told.set(queue.name, told);
    const since = queue.writingSince;
    if (since !== undefined && since !== told.stall && now - since > timeoutMs) {
      told.stall = since;
      this.#log("critical", `"${queue.name}" output timeout: it has taken nothing for ${timeoutMs} ms`);
    }
    const { lost } = queue.stats();
    const total = LOSSES.reduce((sum, loss) => sum + lost[loss], 0);
    if (total === told.lost) return true;
    if (!final && now - told.at < INTERVAL_MS) return false;
    const causes = LOSSES.filter((loss) => lost[loss] > 0).map((loss) => `${loss} ${lost[loss]}`);
    const why = lost.error > 0 && queue.lastError ? `; last error: ${reasonOf(queue.lastError)}` : "";
    const news = `Output "${queue.name}" lost ${total - told.lost} alerts`;
    this.#log("error", `${news} (since the start: ${causes.join(", ")})${why}`);
    told.lost = total;
    told.at = now;
    return true;
  }
}
