const BITS = 32;

/** A set of small numbers as bits; all sets of one kind have the same room. */
export class CodeSet {
  readonly #words: Uint32Array;

  private constructor(words: Uint32Array) {
    this.#words = words;
  }

  /** Room for numbers below `room`. */
  static of(codes: Iterable<number>, room: number): CodeSet {
    const words = new Uint32Array(Math.ceil(room / BITS));
    for (const code of codes) words[code >>> 5]! |= 1 << (code & 31);
    return new CodeSet(words);
  }

  #with(other: CodeSet, combine: (a: number, b: number) => number): CodeSet {
    return new CodeSet(this.#words.map((word, i) => combine(word, other.#words[i]!)));
  }

  union(other: CodeSet): CodeSet {
    return this.#with(other, (a, b) => a | b);
  }
  intersect(other: CodeSet): CodeSet {
    return this.#with(other, (a, b) => a & b);
  }
  without(other: CodeSet): CodeSet {
    return this.#with(other, (a, b) => a & ~b);
  }
  has(code: number): boolean {
    return (this.#words[code >>> 5]! & (1 << (code & 31))) !== 0;
  }
  get size(): number {
    let count = 0;
    for (let word of this.#words) for (; word !== 0; word &= word - 1) count++;
    return count;
  }
  *[Symbol.iterator](): Generator<number> {
    for (let code = 0; code < this.#words.length * BITS; code++) if (this.has(code)) yield code;
  }
}
