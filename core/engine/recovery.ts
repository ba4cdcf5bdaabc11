import type { Source } from "../event/source.ts";
import { Refresh } from "../state/refresh.ts";
import type { State } from "../state/state.ts";

/** A wait that brings fewer events has emptied the buffer. */
const CAUGHT_UP = 4096;
/** How long events may wait for one part of the work. */
const SLICE_MS = 10;
/** Time from the end of one pass to the start of the next: at least this, and so many times what a pass took. */
const PAUSE_MS = 10_000;
const PAUSE_FACTOR = 50;
/** What ended is let go so long after the pass: its last events have come by then. */
const GRACE_MS = 2000;

interface Pass {
  readonly refresh: Refresh;
  /** Undefined when all has been read. */
  steps: Iterator<void> | undefined;
  /** Nanoseconds since the epoch. */
  readonly started: number;
  spent: number;
  ended: number;
}

/**
 * What state missed with events that were lost, it reads from the system once it has caught up: a little at a time, between events, and
 * seldom where losses go on.
 */
export class Recovery {
  readonly #source: Pick<Source, "rescan">;
  readonly #state: State;
  readonly #done: (milliseconds: number) => void;
  #due = false;
  #notBefore = 0;
  #pass: Pass | undefined;

  /** `done` hears how long a pass took. */
  constructor(source: Pick<Source, "rescan">, state: State, done: (milliseconds: number) => void) {
    this.#source = source;
    this.#state = state;
    this.#done = done;
  }

  /** Events were lost. */
  lost(): void {
    this.#due = true;
  }

  /** There is something to read: whoever waits for events should not wait for long. */
  get isBusy(): boolean {
    return this.#pass?.steps !== undefined;
  }

  /** After each wait for events, with what it brought. */
  waited(events: number): void {
    if (!this.#due && !this.#pass) return;
    if (events >= CAUGHT_UP) return;
    const now = performance.now();
    if (this.#pass) this.#goOn(this.#pass, now);
    else if (now >= this.#notBefore) this.#begin(now);
  }

  #begin(now: number): void {
    this.#due = false;
    const refresh = new Refresh(this.#state);
    const steps = this.#source.rescan?.(refresh);
    if (!steps) return;
    this.#pass = { refresh, steps, started: Date.now() * 1e6, spent: 0, ended: 0 };
    this.#goOn(this.#pass, now);
  }

  #goOn(pass: Pass, now: number): void {
    const { steps } = pass;
    if (!steps) {
      if (now < pass.ended + GRACE_MS) return;
      pass.refresh.removeUnseen(pass.started);
      this.#pass = undefined;
      return;
    }
    let at = now;
    while (at < now + SLICE_MS) {
      const { done } = steps.next();
      at = performance.now();
      if (!done) continue;
      pass.steps = undefined;
      break;
    }
    pass.spent += at - now;
    if (pass.steps) return;
    pass.ended = at;
    this.#notBefore = at + Math.max(PAUSE_MS, PAUSE_FACTOR * pass.spent);
    this.#done(pass.spent);
  }
}
