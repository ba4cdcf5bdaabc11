import type { Mark } from "./yaml-node.ts";

/** Turns UTF-16 indexes of a text into lines and byte columns. */
export class Positions {
  readonly text: string;
  readonly #ascii: boolean;
  #lineStarts: number[] | undefined;

  constructor(text: string) {
    this.text = text;
    this.#ascii = /^[\0-\x7f]*$/.test(text);
  }

  get lineStarts(): readonly number[] {
    if (this.#lineStarts) return this.#lineStarts;
    const starts = [0];
    for (let at = this.text.indexOf("\n"); at >= 0; at = this.text.indexOf("\n", at + 1)) starts.push(at + 1);
    this.#lineStarts = starts;
    return starts;
  }

  lineOf(index: number): number {
    const starts = this.lineStarts;
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= index) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #bytes(from: number, to: number): number {
    return this.#ascii ? to - from : Buffer.byteLength(this.text.slice(from, to));
  }

  mark(index: number): Mark {
    const line = this.lineOf(index);
    return { line, column: this.#bytes(this.lineStarts[line]!, index), offset: this.#bytes(0, index) };
  }
}
