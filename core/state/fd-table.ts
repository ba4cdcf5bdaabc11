// hot path
import type { Fd } from "./fd.ts";

/** Whoever holds it may change the descriptors that bear it; a fork takes it from both sides. */
export type Owner = number;

let owners = 0;

const NOTHING: ReadonlyMap<number, Fd> = new Map();

/**
 * The descriptors of a process. A fork copies them, and nearly every copy is thrown away by the exec that
 * follows: so both sides share one table and its entries until one of them changes something.
 */
export class FdTable implements Iterable<[number, Fd]> {
  #entries: Map<number, Fd> = NOTHING as Map<number, Fd>;
  /** The map is another table's too (or the empty one of all): it is copied before the first change. */
  #shared = true;
  #owner: Owner = ++owners;

  get size(): number {
    return this.#entries.size;
  }

  get(number: number): Fd | undefined {
    return this.#entries.get(number);
  }

  has(number: number): boolean {
    return this.#entries.has(number);
  }

  values(): MapIterator<Fd> {
    return this.#entries.values();
  }

  [Symbol.iterator](): MapIterator<[number, Fd]> {
    return this.#entries[Symbol.iterator]();
  }

  set(number: number, fd: Fd): void {
    fd.owner = this.#owner;
    this.#own().set(number, fd);
  }

  delete(number: number): void {
    if (this.#entries.has(number)) this.#own().delete(number);
  }

  /** The entry to change: a copy in its place if another process has it too. */
  writable(number: number): Fd | undefined {
    const fd = this.#entries.get(number);
    if (!fd || fd.owner === this.#owner) return fd;
    const copy = fd.clone();
    this.set(number, copy);
    return copy;
  }

  /** A table that is the same now and goes its own way from here. */
  copy(): FdTable {
    const table = new FdTable();
    if (this.#entries.size === 0) return table;
    table.#entries = this.#entries;
    this.#shared = true;
    // What both have belongs to neither.
    this.#owner = ++owners;
    return table;
  }

  #own(): Map<number, Fd> {
    if (!this.#shared) return this.#entries;
    this.#entries = new Map(this.#entries);
    this.#shared = false;
    return this.#entries;
  }
}
