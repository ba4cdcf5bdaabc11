import type { Alert } from "../outputs/alert.ts";
import { internalAlert } from "../outputs/internal-alert.ts";
import { clockText } from "../time-text.ts";

const RULE = "Falco internal: timeouts notification";

export interface IdleOptions {
  /** Empty waits in a row after which an alert is raised. */
  readonly maxConsecutives: number;
  readonly hostname: string;
  readonly alert: (alert: Alert) => void;
}

/** Notices that no event comes any more, which on a living machine means that capture is broken. */
export class IdleWatch {
  readonly #options: IdleOptions;
  #maxConsecutives: number;
  #waits = 0;
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
      this.#waits = 0;
      this.#lastEvent = now;
      return;
    }
    if (++this.#waits <= this.#maxConsecutives) return;
    this.#waits = 0;
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
