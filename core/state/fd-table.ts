// hot path

import { isSeldom } from "../ffi/seldom.ts";
import { standsAlone } from "../ffi/stands-alone.ts";
import type { Fd } from "./fd.ts";

/** Whoever holds it may change the descriptors that bear it; a fork takes it from both sides. */
export type Owner = number;

let owners = 0;

type Slots = (Fd | undefined)[];
type Far = Map<number, Fd>;

/** Descriptors below this have a place in an array, which copies faster than a map; few processes have others. */
const NEAR = 256;
const NO_SLOTS: Slots = [];

/**
 * The descriptors of a process. A fork copies them, and nearly every copy is thrown away by the exec that
 * follows: so both sides share one table and its entries until one of them changes something.
 */
export class FdTable implements Iterable<[number, Fd]> {
  #near: Slots = NO_SLOTS;
  #far: Far | undefined = undefined;
  #nearCount = 0;
  /** What holds the entries is another table's too (or the empty one of all): it is copied before the first change. */
  #shared = true;
  #owner: Owner = ++owners;

  get size(): number {
    return this.#nearCount + (this.#far === undefined ? 0 : this.#far.size);
  }

  get(number: number): Fd | undefined {
    const near = this.#near;
    if (number >= 0 && number < near.length) return near[number];
    return this.#far?.get(number);
  }

  has(number: number): boolean {
    return this.get(number) !== undefined;
  }

  *values(): Generator<Fd> {
    for (const [, fd] of this) yield fd;
  }

  /** In the order of the numbers below 256, then as they came. The table may be changed meanwhile. */
  *[Symbol.iterator](): Generator<[number, Fd]> {
    const near = this.#near;
    const far = this.#far;
    for (let number = 0; number < near.length; number++) {
      const fd = near[number];
      if (fd) yield [number, fd];
    }
    if (far) yield* far;
  }

  set(number: number, fd: Fd): void {
    fd.owner = this.#owner;
    if (this.#shared) this.#unshare();
    if (number < 0 || number >= NEAR) {
      this.#far ??= new Map();
      this.#far.set(number, fd);
      return;
    }
    const near = this.#near;
    // Without holes: they would make the array a slow one.
    while (near.length <= number) near.push(undefined);
    if (near[number] === undefined) this.#nearCount++;
    near[number] = fd;
  }

  delete(number: number): void {
    if (this.get(number) === undefined) return;
    if (this.#shared) this.#unshare();
    if (number < 0 || number >= NEAR) {
      this.#far?.delete(number);
      return;
    }
    this.#near[number] = undefined;
    this.#nearCount--;
  }

  /** The entry to change: a copy in its place if another process has it too. */
  writable(number: number): Fd | undefined {
    const fd = this.get(number);
    if (!fd || fd.owner === this.#owner) return fd;
    const copy = fd.clone();
    this.set(number, copy);
    return copy;
  }

  /** Drops what a new program does not inherit. */
  closeOnExec(): void {
    const near = this.#near;
    for (let number = 0; number < near.length; number++) {
      if (near[number]?.closeOnExec) this.delete(number);
    }
    if (this.#far) for (const [number, fd] of this.#far) if (fd.closeOnExec) this.delete(number);
  }

  /** A table that is the same now and goes its own way from here. */
  copy(): FdTable {
    const table = new FdTable();
    if (this.size === 0) return table;
    table.#near = this.#near;
    table.#far = this.#far;
    table.#nearCount = this.#nearCount;
    this.#shared = true;
    // What both have belongs to neither.
    this.#owner = ++owners;
    return table;
  }

  #unshare(): void {
    this.#near = this.#near.slice();
    if (this.#far) this.#far = new Map(this.#far);
    this.#shared = false;
  }
}

standsAlone(FdTable.prototype.set);
isSeldom(FdTable.prototype.closeOnExec, FdTable.prototype.copy, FdTable.prototype.writable);
