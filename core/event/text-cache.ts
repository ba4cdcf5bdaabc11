// hot path
const SLOTS = 4096;
/** Longer texts are read anew each time: comparing them would cost as much. */
const WIDTH = 64;

/**
 * Texts by their bytes. Programs open the same files again and again; a text that is the very one of before needs no
 * memory, and its hash, once computed by a set, is kept by the JavaScript engine.
 */
export class TextCache {
  readonly #texts: string[] = new Array(SLOTS).fill("");
  readonly #bytes = new Uint8Array(SLOTS * WIDTH);
  readonly #sizes = new Uint8Array(SLOTS);

  /** The text of `size` bytes of UTF-8 at `at`. */
  get(bytes: Buffer, at: number, size: number): string {
    if (size > WIDTH) return bytes.utf8Slice(at, at + size);
    let hash = size;
    for (let i = at; i < at + size; i++) hash = (Math.imul(hash, 31) + bytes[i]!) | 0;
    const slot = (hash ^ (hash >>> 12)) & (SLOTS - 1);
    if (this.#sizes[slot] === size && this.#has(slot, bytes, at, size)) return this.#texts[slot]!;
    return this.#put(slot, bytes, at, size);
  }

  #has(slot: number, bytes: Buffer, at: number, size: number): boolean {
    const known = this.#bytes;
    const start = slot * WIDTH;
    for (let i = 0; i < size; i++) if (known[start + i] !== bytes[at + i]) return false;
    return true;
  }

  #put(slot: number, bytes: Buffer, at: number, size: number): string {
    const text = bytes.utf8Slice(at, at + size);
    const start = slot * WIDTH;
    for (let i = 0; i < size; i++) this.#bytes[start + i] = bytes[at + i]!;
    this.#sizes[slot] = size;
    this.#texts[slot] = text;
    return text;
  }
}
