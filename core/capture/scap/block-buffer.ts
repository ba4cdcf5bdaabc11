const TWO_32 = 0x1_0000_0000;
const ALIGNMENT = 4;

/** Gathers blocks in memory before they go to the file. */
export class BlockBuffer {
  #bytes: Buffer;
  #view: DataView;
  #end = 0;

  constructor(size = 1 << 18) {
    this.#bytes = Buffer.allocUnsafeSlow(size);
    this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, size);
  }

  get length(): number {
    return this.#end;
  }

  /** What has gathered; valid until the next write. */
  get content(): Buffer {
    return this.#bytes.subarray(0, this.#end);
  }

  clear(): void {
    this.#end = 0;
  }

  #reserve(size: number): number {
    const at = this.#end;
    const end = at + size;
    if (end > this.#bytes.length) {
      const grown = Buffer.allocUnsafeSlow(end * 2);
      this.#bytes.copy(grown, 0, 0, at);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer, grown.byteOffset, grown.length);
    }
    this.#end = end;
    return at;
  }

  u8(value: number): void {
    const at = this.#reserve(1);
    this.#view.setUint8(at, value);
  }

  u16(value: number): void {
    const at = this.#reserve(2);
    this.#view.setUint16(at, value, true);
  }

  u32(value: number): void {
    const at = this.#reserve(4);
    this.#view.setUint32(at, value >>> 0, true);
  }

  u64(value: bigint): void {
    const at = this.#reserve(8);
    this.#view.setBigUint64(at, BigInt.asUintN(64, value), true);
  }

  /** A whole number as 64 bits, two's complement. */
  i64(value: number): void {
    const at = this.#reserve(8);
    this.#view.setUint32(at, value >>> 0, true);
    this.#view.setInt32(at + 4, Math.floor(value / TWO_32), true);
  }

  bytes(from: Uint8Array): void {
    const at = this.#reserve(from.length);
    this.#bytes.set(from, at);
  }

  copy(from: Buffer, start: number, end: number): void {
    const at = this.#reserve(end - start);
    from.copy(this.#bytes, at, start, end);
  }

  /** Text behind its length in 16 bits, cut to `limit` bytes. */
  text(value: string, limit: number): void {
    const bytes = Buffer.from(value);
    const size = Math.min(bytes.length, limit);
    this.u16(size);
    this.copy(bytes, 0, size);
  }

  /** Starts a block; `endBlock` takes what this returns. */
  beginBlock(type: number): number {
    const start = this.#end;
    this.u32(type);
    this.u32(0);
    return start;
  }

  /** Pads the block and writes its length at both ends. */
  endBlock(start: number): void {
    while ((this.#end - start) % ALIGNMENT !== 0) this.u8(0);
    const total = this.#end - start + 4;
    this.u32(total);
    this.#view.setUint32(start + 4, total, true);
  }

  /** Starts an entry that begins with its own length. */
  beginEntry(): number {
    const start = this.#end;
    this.u32(0);
    return start;
  }

  /** Writes the entry's length: of all of it, or of what follows the length only. */
  endEntry(start: number, includesItself = true): void {
    this.#view.setUint32(start, this.#end - start - (includesItself ? 0 : 4), true);
  }
}
