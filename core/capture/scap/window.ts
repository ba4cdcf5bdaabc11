import type { Input } from "./input.ts";

/** Small enough to stay in the processor's cache from the read that fills it to the last event. */
const INITIAL_SIZE = 256 << 10;

/**
 * The part of a byte stream that is in memory: one buffer that is refilled in place, so that reading a file
 * of any size takes constant memory. It grows only when a single block is larger than the buffer.
 */
export class Window {
  bytes: Buffer;
  view: DataView;
  /** First byte not yet consumed, and the end of what has been read. */
  start = 0;
  end = 0;
  /** Position of `bytes[0]` in the stream. */
  #base = 0;
  readonly #input: Input;

  constructor(input: Input, size = INITIAL_SIZE) {
    this.#input = input;
    this.bytes = Buffer.allocUnsafeSlow(size);
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, size);
  }

  /** Position in the stream of the first byte not yet consumed. */
  get position(): number {
    return this.#base + this.start;
  }

  get available(): number {
    return this.end - this.start;
  }

  /** Reads once, with room for `needed` bytes of what is not consumed. False: the stream has ended. */
  readOn(needed: number): boolean | Promise<boolean> {
    this.#makeRoom(needed);
    const count = this.#input.read(this.bytes, this.end);
    return typeof count === "number" ? this.#took(count) : count.then((later) => this.#took(later));
  }

  #took(count: number): boolean {
    this.end += count;
    return count > 0;
  }

  /** Moves what is not consumed to the front, of a larger buffer if need be. */
  #makeRoom(needed: number): void {
    const { bytes, start, end } = this;
    if (needed > bytes.length) {
      this.bytes = Buffer.allocUnsafeSlow(needed * 2);
      this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
    }
    bytes.copy(this.bytes, 0, start, end);
    this.#base += start;
    this.start = 0;
    this.end = end - start;
  }

  close(): Promise<void> {
    return this.#input.close();
  }
}
