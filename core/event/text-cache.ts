// hot path
const SLOTS = 2048;
/** Longer texts are read anew each time: few are, and they rarely come again. */
const WIDTH = 128;
const WORDS = WIDTH / 4;

/**
 * Texts by their bytes. Programs open the same files again and again; a text that is the very one of before needs no
 * memory, and its hash, once computed by a set, is kept by the JavaScript engine.
 */
export class TextCache {
  readonly #texts: string[] = new Array(SLOTS).fill("");
  /** The bytes in words of four, the last one filled up with zeros. */
  readonly #words = new Int32Array(SLOTS * WORDS);
  readonly #sizes = new Uint8Array(SLOTS);

  /** The text of `size` bytes of UTF-8 at `at`, up to the first NUL in it; `view` spans the memory of `bytes`. */
  get(bytes: Buffer, view: DataView, at: number, size: number): string {
    if (size > WIDTH) return textOf(bytes, at, size);
    const whole = at + (size & ~3);
    const last = lastWord(bytes, whole, at + size);
    let hash = size ^ last;
    for (let i = at; i < whole; i += 4) hash = mixed(hash ^ view.getInt32(i, true));
    hash = mixed(hash);
    const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
    if (this.#sizes[slot] === size && this.#has(slot, view, at, whole, last)) return this.#texts[slot]!;
    return this.#put(slot, bytes, view, at, size, last);
  }

  #has(slot: number, view: DataView, at: number, whole: number, last: number): boolean {
    const known = this.#words;
    let word = slot * WORDS;
    for (let i = at; i < whole; i += 4) if (known[word++] !== view.getInt32(i, true)) return false;
    return last === 0 || known[word] === last;
  }

  #put(slot: number, bytes: Buffer, view: DataView, at: number, size: number, last: number): string {
    const text = textOf(bytes, at, size);
    const words = this.#words;
    const whole = at + (size & ~3);
    let word = slot * WORDS;
    for (let i = at; i < whole; i += 4) words[word++] = view.getInt32(i, true);
    if ((size & 3) !== 0) words[word] = last;
    this.#sizes[slot] = size;
    this.#texts[slot] = text;
    return text;
  }
}

const mixed = (hash: number): number => {
  const product = Math.imul(hash, 0x9e37_79b1);
  return product ^ (product >>> 16);
};

/** The one to three bytes that are left over, in a word. */
function lastWord(bytes: Buffer, at: number, end: number): number {
  let word = 0;
  for (let i = at; i < end; i++) word = (word << 8) | bytes[i]!;
  return word;
}

function textOf(bytes: Buffer, at: number, size: number): string {
  const text = bytes.utf8Slice(at, at + size);
  const nul = text.indexOf("\0");
  return nul < 0 ? text : text.slice(0, nul);
}
