const NEWLINE = 0x0a;

/** Puts lines together out of pieces of a file. A line longer than the limit is left out, and told of. */
export class Lines {
  readonly #limit: number;
  readonly #onLine: (line: string) => void;
  readonly #onLong: () => void;
  #kept: Buffer[] = [];
  #length = 0;

  constructor(limit: number, onLine: (line: string) => void, onLong: () => void) {
    this.#limit = limit;
    this.#onLine = onLine;
    this.#onLong = onLong;
  }

  /** The piece may be overwritten afterwards. */
  add(piece: Buffer): void {
    let at = 0;
    for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, at)) {
      this.#keep(piece.subarray(at, end));
      this.end();
      at = end + 1;
    }
    // A copy: what is kept outlives the piece.
    if (at < piece.length) this.#keep(Buffer.from(piece.subarray(at)));
  }

  /** What has no newline behind it is a line as well. */
  end(): void {
    if (this.#length > this.#limit) this.#onLong();
    else {
      const line = (this.#kept.length === 1 ? this.#kept[0]! : Buffer.concat(this.#kept)).toString("utf8");
      if (line.trim() !== "") this.#onLine(line);
    }
    this.#kept = [];
    this.#length = 0;
  }

  #keep(piece: Buffer): void {
    this.#length += piece.length;
    // Of a line that is too long nothing more is needed.
    if (this.#length > this.#limit) this.#kept = [];
    else this.#kept.push(piece);
  }
}
