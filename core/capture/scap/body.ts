const TWO_32 = 0x1_0000_0000;

/** Thrown by Body when a value would lie beyond the block; the reader of the file turns it into its error. */
export class BodyError extends Error {}

/**
 * Reads little-endian values one after the other from the body of a block. Every read checks that it stays
 * within the current entry.
 */
export class Body {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  at: number;
  end: number;

  constructor(bytes: Buffer, view: DataView, at: number, end: number) {
    this.#bytes = bytes;
    this.#view = view;
    this.at = at;
    this.end = end;
  }

  get left(): number {
    return this.end - this.at;
  }

  #take(size: number): number {
    const at = this.at;
    if (size > this.end - at)
      throw new BodyError(`a value of ${size} bytes does not fit into the last ${this.left}`);
    this.at = at + size;
    return at;
  }

  skip(size: number): void {
    this.#take(size);
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8), true);
  }

  /** A signed 64-bit value as a double: exact below 2^53. */
  i64(): number {
    const at = this.#take(8);
    return this.#view.getInt32(at + 4, true) * TWO_32 + this.#view.getUint32(at, true);
  }

  /** A copy, since the block's memory is used again. */
  copy(size: number): Uint8Array {
    const at = this.#take(size);
    return Uint8Array.prototype.slice.call(this.#bytes, at, at + size);
  }

  /** Text with a 16-bit length before it; ends at the first NUL. */
  text(): string {
    const size = this.u16();
    const at = this.#take(size);
    const nul = this.#bytes.subarray(at, at + size).indexOf(0);
    return this.#bytes.utf8Slice(at, nul < 0 ? at + size : at + nul);
  }

  /** Texts each ended by NUL, with a 16-bit length of the whole before them. */
  texts(): string[] {
    const size = this.u16();
    if (size === 0) return [];
    const at = this.#take(size);
    const end = this.#bytes[at + size - 1] === 0 ? at + size - 1 : at + size;
    return end === at ? [] : this.#bytes.utf8Slice(at, end).split("\0");
  }

  /** Narrows to an entry of `size` bytes from here; returns the end to restore. */
  enter(size: number): number {
    if (size > this.left)
      throw new BodyError(`an entry of ${size} bytes does not fit into the last ${this.left}`);
    const outer = this.end;
    this.end = this.at + size;
    return outer;
  }

  /** Leaves the entry, skipping what a newer producer appended. */
  leave(outer: number): void {
    this.at = this.end;
    this.end = outer;
  }
}
