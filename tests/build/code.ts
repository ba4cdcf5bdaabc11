/** Machine code with labels: jumps name a label and are completed by `link`. */
export class Code {
  readonly #bytes: number[] = [];
  readonly #labels = new Map<string, number>();
  readonly #jumps: {
    at: number;
    label: string;
    patch: (bytes: Buffer, at: number, distance: number) => void;
  }[] = [];

  get length(): number {
    return this.#bytes.length;
  }

  bytes(...values: readonly number[]): this {
    this.#bytes.push(...values);
    return this;
  }

  u32(value: number): this {
    return this.bytes(value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24);
  }

  u64(value: number): this {
    return this.u32(value % 2 ** 32).u32(Math.floor(value / 2 ** 32));
  }

  label(name: string): this {
    this.#labels.set(name, this.#bytes.length);
    return this;
  }

  /** Remembers that what was written last, `size` bytes, refers to a label; `patch` gets label − start. */
  refers(label: string, size: number, patch: (bytes: Buffer, at: number, distance: number) => void): this {
    this.#jumps.push({ at: this.#bytes.length - size, label, patch });
    return this;
  }

  link(): Buffer {
    const bytes = Buffer.from(this.#bytes);
    for (const { at, label, patch } of this.#jumps) {
      const target = this.#labels.get(label);
      if (target === undefined) throw new Error(`no label ${label}`);
      patch(bytes, at, target - at);
    }
    return bytes;
  }
}
