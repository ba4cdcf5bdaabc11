import { ptr } from "bun:ffi";

const TWO_32 = 0x1_0000_0000;

/**
 * Memory that plugins read and write: a C structure at an address that does not change. It lives as long as this
 * object is referenced.
 */
export class NativeBlock {
  readonly address: number;
  readonly view: DataView;
  readonly bytes: Buffer;

  constructor(length: number) {
    // Made before any view: a view made first would be moved when its buffer is asked for.
    const memory = new ArrayBuffer(length);
    this.view = new DataView(memory);
    this.bytes = Buffer.from(memory);
    this.address = ptr(memory);
  }

  /** Writes an address, or any whole number below 2^53, as 64 bits. */
  setAddress(at: number, value: number): void {
    this.view.setUint32(at, value, true);
    this.view.setUint32(at + 4, value / TWO_32, true);
  }

  /** Reads an address. */
  addressAt(at: number): number {
    return this.view.getUint32(at + 4, true) * TWO_32 + this.view.getUint32(at, true);
  }
}

/** A text as C has it, at an address that does not change. */
export function nativeText(text: string): NativeBlock {
  const bytes = Buffer.from(text);
  const block = new NativeBlock(bytes.length + 1);
  bytes.copy(block.bytes);
  return block;
}
