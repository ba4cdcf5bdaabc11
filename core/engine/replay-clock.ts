// hot path
import type { Context } from "../fields/field.ts";
import type { Matching } from "./engine.ts";

const SECOND = 1e9;

export interface ClockHooks {
  /** A second of the recorded time has passed; nanoseconds since the epoch. False ends the replay. */
  readonly onSecond: (time: bigint) => boolean;
  /** Nanoseconds of recorded time after which the replay ends. */
  readonly duration?: number;
  readonly onEnd: () => void;
}

/** Rules that hear of the time passing in a capture: replayed seconds are those of the events. */
export class ReplayClock<R> implements Matching<R> {
  #rules: Matching<R>;
  readonly #hooks: ClockHooks;
  #started = 0;
  #next = 0;
  /** Before this there is nothing to be done. */
  #due = 0;
  #ended = false;

  constructor(rules: Matching<R>, hooks: ClockHooks) {
    this.#rules = rules;
    this.#hooks = hooks;
  }

  /** Other rules from the next event on. */
  use(rules: Matching<R>): void {
    this.#rules = rules;
  }

  match(context: Context, onMatch: (rule: R) => void): void {
    const now = context.event.approximateTime;
    if (now >= this.#due) this.#tick(context, now);
    if (!this.#ended) this.#rules.match(context, onMatch);
  }

  #tick({ event }: Context, now: number): void {
    if (this.#ended) return;
    const { duration = Number.POSITIVE_INFINITY, onSecond, onEnd } = this.#hooks;
    if (this.#started === 0) {
      this.#started = now;
      this.#next = now + SECOND;
    }
    if (now - this.#started >= duration) this.#ended = true;
    else if (now > this.#next) {
      this.#next = now + SECOND;
      this.#ended = !onSecond(event.time);
    }
    this.#due = Math.min(this.#next, this.#started + duration);
    if (this.#ended) onEnd();
  }
}
