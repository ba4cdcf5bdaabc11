/** A batch of events after which more are waiting. */
const MANY = 512;
/** How long a flood may put it off: garbage of several loads would be more than the collection is dear. */
const PATIENCE_MS = 1000;

/**
 * Gives back the memory that loading rules took and that the rules before held, which is several times what rules in use
 * need: when few events wait, since a collection takes some tens of milliseconds, or a second later where there are always many.
 */
export class AfterLoad {
  readonly #collect: () => void;
  readonly #now: () => number;
  #deadline: number | undefined;

  constructor(collect = (): void => Bun.gc(true), now = (): number => performance.now()) {
    this.#collect = collect;
    this.#now = now;
  }

  /** Rules were loaded, well or not. */
  loaded(): void {
    this.#deadline ??= this.#now() + PATIENCE_MS;
  }

  /** The source has brought so many events at once. */
  waited(events: number): void {
    if (this.#deadline === undefined || (events >= MANY && this.#now() < this.#deadline)) return;
    this.#deadline = undefined;
    this.#collect();
  }
}
