import { reasonOf } from "../../errors.ts";

const INITIAL_SIZE = 4 << 20;

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
  readonly #chunks: AsyncIterator<Buffer>;

  constructor(chunks: AsyncIterator<Buffer>, size = INITIAL_SIZE) {
    this.#chunks = chunks;
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

  /** Reads on until `count` bytes are available. False: the stream ends before that. */
  async fill(count: number): Promise<boolean> {
    while (this.available < count) {
      const next = await this.#chunks.next();
      if (next.done) return false;
      this.#append(next.value);
    }
    return true;
  }

  #append(chunk: Buffer): void {
    const kept = this.available;
    const needed = kept + chunk.length;
    const target = needed <= this.bytes.length ? this.bytes : Buffer.allocUnsafeSlow(needed * 2);
    this.bytes.copy(target, 0, this.start, this.end);
    chunk.copy(target, kept);
    if (target !== this.bytes) {
      this.bytes = target;
      this.view = new DataView(target.buffer, target.byteOffset, target.length);
    }
    this.#base += this.start;
    this.start = 0;
    this.end = needed;
  }

  async close(): Promise<void> {
    try {
      await this.#chunks.return?.();
    } catch (error) {
      // A decompressor that is closed half-way through its input may complain about just that.
      if (!/abort|premature|unexpected end/i.test(reasonOf(error))) throw error;
    }
  }
}
