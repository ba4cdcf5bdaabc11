const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 30_000;
/** Addresses are given, and names changed, after a container was made: it is asked about once more when it runs. */
const SETTLED_MS = 1000;
const KEPT = 10_000;

export type Turn = "first" | "again" | undefined;

interface Asked {
  /** When it may be asked about next, milliseconds since the epoch. */
  next: number;
  delay: number;
  known: boolean;
}

/**
 * When to ask runtimes about a container: at its first sight; while nobody knows it, at later sights but ever more
 * seldom, since each question holds up the capture; and once more when it has run for a while.
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
    this.#asked.delete(id);
    if (this.#asked.size >= KEPT) this.#asked.delete(this.#asked.keys().next().value!);
    if (turn === "again") this.#asked.set(id, { next: Number.POSITIVE_INFINITY, delay: 0, known: true });
    else if (found) this.#asked.set(id, { next: now + SETTLED_MS, delay: 0, known: true });
    else {
      const delay = before && !before.known ? Math.min(before.delay * 2, LONGEST_DELAY_MS) : FIRST_DELAY_MS;
      this.#asked.set(id, { next: now + delay, delay, known: false });
    }
  }
}
