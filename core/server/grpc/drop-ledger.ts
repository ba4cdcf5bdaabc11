import type { Drop, DropsBackend } from "./backend.ts";

/** How long losses are gathered before subscribers hear of them. */
const REPORT_MS = 500;

/** Adds up losses by source and cause, and reports what is new to subscribers. Counting is cheap; reports are rare. */
export class DropLedger implements DropsBackend {
  readonly #entries = new Map<string, { source: string; cause: string; count: number; total: number }>();
  readonly #listeners = new Set<(drop: Drop) => void>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  add(source: string, cause: string, count: number): void {
    const key = `${source}\0${cause}`;
    const entry = this.#entries.get(key) ?? { source, cause, count: 0, total: 0 };
    entry.count += count;
    entry.total += count;
    this.#entries.set(key, entry);
    if (this.#timer) return;
    this.#timer = setTimeout(() => this.#report(), REPORT_MS);
    this.#timer.unref();
  }

  totals(): readonly Drop[] {
    return [...this.#entries.values()].map((entry) => ({ ...entry, count: entry.total }));
  }

  subscribe(listener: (drop: Drop) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #report(): void {
    this.#timer = undefined;
    for (const entry of this.#entries.values()) {
      if (entry.count === 0) continue;
      const drop = { ...entry };
      entry.count = 0;
      for (const listener of this.#listeners) listener(drop);
    }
  }
}
