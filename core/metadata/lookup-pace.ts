const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 30_000;
/** Addresses are given, and names changed, after a container was made: it is asked about again when it runs. */
const SETTLED_MS = 1000;
const SELDOM_MS = 600_000;
const KEPT = 10_000;

export type Turn = "first" | "again" | undefined;

interface Asked {
  /** When it may be asked about next, milliseconds since the epoch. */
  next: number;
  delay: number;
  known: boolean;
}

/**
 * When to ask runtimes about a container: at its first sight, and at later sights ever more seldom, since each
 * question holds up the capture. So a new name is learned at the latest when the container has lived as long again
 * as it had when it was given, or within ten minutes; and an answer that did not come in time is asked for again.
 */
export class LookupPace {
  readonly #asked = new Map<string, Asked>();

  /** Whether it is time to ask, and whether for what is new of a container that is known already. */
  turn(id: string, known: boolean, now: number): Turn {
    const asked = this.#asked.get(id);
    // What was known and is not any more has ended, and started again.
    if (!asked || (asked.known && !known)) return "first";
    if (now < asked.next) return undefined;
    return known ? "again" : "first";
  }

  /** Notes how it went. */
  answered(id: string, turn: "first" | "again", found: boolean, now: number): void {
    const before = this.#asked.get(id);
    const known = turn === "again" || found;
    const [shortest, longest] = known ? [SETTLED_MS, SELDOM_MS] : [FIRST_DELAY_MS, LONGEST_DELAY_MS];
    const goesOn = before !== undefined && before.known === known && (turn === "again" || !known);
    const delay = goesOn ? Math.min(before.delay * 2, longest) : shortest;
    this.#asked.delete(id);
    if (this.#asked.size >= KEPT) this.#asked.delete(this.#asked.keys().next().value!);
    this.#asked.set(id, { next: now + delay, delay, known });
  }
}
