import type { Sink, Source, SourceStats } from "../../event/source.ts";

/** A source, and what plugins do between its events: they may have events of their own. */
export class AccompaniedSource implements Source {
  readonly name: string;
  readonly #source: Source;
  readonly #between: readonly ((sink: Sink) => number)[];

  constructor(source: Source, between: readonly ((sink: Sink) => number)[]) {
    this.name = source.name;
    this.#source = source;
    this.#between = between;
  }

  open(sink: Sink): void | Promise<void> {
    return this.#source.open(sink);
  }

  pump(sink: Sink, timeoutMs: number): number | Promise<number> {
    let made = 0;
    for (const work of this.#between) made += work(sink);
    // What plugins had is handed on at once: the source may wait for long.
    const count = this.#source.pump(sink, made > 0 ? 0 : timeoutMs);
    if (typeof count === "number") return count < 0 ? count : count + made;
    return count.then((some) => (some < 0 ? some : some + made));
  }

  stats(): SourceStats {
    return this.#source.stats();
  }

  close(): void {
    this.#source.close();
  }
}
