import type { Alert } from "../outputs/alert.ts";
import { internalAlert } from "../outputs/internal-alert.ts";
import { clockText } from "../time-text.ts";

const RULE = "Falco internal: timeouts notification";
/** The reference counts waits, which last so long on a machine where nothing happens. Ours last longer, so time is counted. */
export const TIMEOUT_NS = 30_000_000n;

export interface IdleOptions {
  /** Empty waits in a row, of TIMEOUT_NS each, after which an alert is raised. */
  readonly maxConsecutives: number;
  readonly hostname: string;
  readonly alert: (alert: Alert) => void;
}

/** Notices that no event comes any more, which on a living machine means that capture is broken. */
export class IdleWatch {
  readonly #options: IdleOptions;
  #maxConsecutives: number;
  /** Since when there has been silence, or silence that no alert has told of. */
  #since: bigint | undefined;
  #lastEvent: bigint | undefined;

  constructor(options: IdleOptions) {
    this.#options = options;
    this.#maxConsecutives = options.maxConsecutives;
  }

  configure(maxConsecutives: number): void {
    this.#maxConsecutives = maxConsecutives;
  }

  /** Takes the outcome of one wait for events; `now` is in nanoseconds since the epoch. */
  waited(events: number, now: bigint): void {
    if (events > 0) {
      this.#since = this.#lastEvent = now;
      return;
    }
    this.#since ??= now;
    if (now - this.#since <= BigInt(this.#maxConsecutives) * TIMEOUT_NS) return;
    this.#since = now;
    const { hostname, alert } = this.#options;
    alert(
      internalAlert({
        time: now,
        rule: RULE,
        priority: "Debug",
        hostname,
        message: `${RULE}. ${this.#maxConsecutives} consecutive timeouts without event.`,
        fields: { last_event_time: this.#lastEvent === undefined ? "none" : clockText(this.#lastEvent) },
      }),
    );
  }
}
