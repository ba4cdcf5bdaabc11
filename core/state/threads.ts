// hot path
import type { Thread } from "./thread.ts";

type Page = (Thread | undefined)[];

/** Linux gives no thread an id of its own from here on (PID_MAX_LIMIT on 64 bits). */
const NEAR = 1 << 22;
const PAGE_BITS = 5;
const PAGE_SIZE = 1 << PAGE_BITS;
const PAGE_MASK = PAGE_SIZE - 1;

/**
 * Threads by their id, as a Map has them. Ids are small and lie close together, so pages of slots serve: threads come and go with every
 * process, and a Map's set and delete cost several times what these do. Ids that no kernel gives are in a Map.
 */
export class Threads {
  readonly #pages: (Page | undefined)[] = [];
  readonly #counts: number[] = [];
  readonly #far = new Map<number, Thread>();
  /** A page that nothing is left in, for the next one that is needed. */
  #spare: Page | undefined = undefined;
  #near = 0;

  get size(): number {
    return this.#near + this.#far.size;
  }

  get(tid: number): Thread | undefined {
    if (!(tid >= 0 && tid < NEAR)) return this.#far.get(tid);
    const page = this.#page(tid >> PAGE_BITS);
    return page === undefined ? undefined : page[tid & PAGE_MASK];
  }

  has(tid: number): boolean {
    return this.get(tid) !== undefined;
  }

  set(tid: number, thread: Thread): void {
    if (!(tid >= 0 && tid < NEAR)) {
      this.#far.set(tid, thread);
      return;
    }
    const index = tid >> PAGE_BITS;
    const page = this.#page(index) ?? this.#addPage(index);
    const slot = tid & PAGE_MASK;
    if (page[slot] === undefined) {
      this.#near++;
      this.#counts[index]!++;
    }
    page[slot] = thread;
  }

  delete(tid: number): void {
    if (!(tid >= 0 && tid < NEAR)) {
      this.#far.delete(tid);
      return;
    }
    const index = tid >> PAGE_BITS;
    const page = this.#page(index);
    if (page === undefined || page[tid & PAGE_MASK] === undefined) return;
    page[tid & PAGE_MASK] = undefined;
    this.#near--;
    if (--this.#counts[index]! > 0) return;
    this.#pages[index] = undefined;
    this.#spare = page;
  }

  /** In the order of their ids. Of what comes and goes meanwhile, any may be left out or come twice. */
  *values(): Generator<Thread> {
    for (const page of this.#pages) {
      if (page) for (const thread of page) if (thread) yield thread;
    }
    yield* this.#far.values();
  }

  clear(): void {
    this.#pages.length = 0;
    this.#counts.length = 0;
    this.#far.clear();
    this.#near = 0;
  }

  #page(index: number): Page | undefined {
    return index < this.#pages.length ? this.#pages[index] : undefined;
  }

  #addPage(index: number): Page {
    const pages = this.#pages;
    // Without holes: they would make the array a slow one.
    for (let i = pages.length; i <= index; i++) {
      pages.push(undefined);
      this.#counts.push(0);
    }
    const page = this.#spare ?? new Array<Thread | undefined>(PAGE_SIZE).fill(undefined);
    this.#spare = undefined;
    pages[index] = page;
    return page;
  }
}
