// hot path
const SLOT_SHIFT = 21;
const SLOTS = 1 << (32 - SLOT_SHIFT);
const PRIME = 0x9e37_79b1;
/** Longer texts are read anew each time: few are, and they rarely come again. */
const WIDTH = 128;
const WORDS = WIDTH / 4;

/**
 * Texts by their bytes. Programs open the same files again and again; a text that is the very one of before needs no
 * memory, and its hash, once computed by a set, is kept by the JavaScript engine.
 */
export class TextCache {
  readonly #texts: string[] = new Array(SLOTS).fill("");
  /** The bytes in words of four; the last word overlaps the one before where their number is no multiple of four. */
  readonly #words = new Int32Array(SLOTS * WORDS);
  readonly #sizes = new Uint8Array(SLOTS);

  /** The text of `size` bytes of UTF-8 at `at`, up to the first NUL in it; `view` spans the memory of `bytes`. */
  get(bytes: Buffer, view: DataView, at: number, size: number): string {
    if (size > WIDTH) return textOf(bytes, at, size);
    const lastAt = at + size - 4;
    const last = size >= 4 ? view.getInt32(lastAt, true) : shortWord(bytes, at, size);
    let hash = Math.imul(size ^ last, PRIME);
    for (let i = at; i < lastAt; i += 4) hash = Math.imul(hash ^ view.getInt32(i, true), PRIME);
    // The upper bits: all others have a part in them.
    const slot = hash >>> SLOT_SHIFT;
    if (this.#sizes[slot] === size && this.#has(slot, view, at, lastAt, last)) return this.#texts[slot]!;
    return this.#put(slot, bytes, view, at, size, last);
  }

  #has(slot: number, view: DataView, at: number, lastAt: number, last: number): boolean {
    const known = this.#words;
    let word = slot * WORDS;
    if (known[word++] !== last) return false;
    for (let i = at; i < lastAt; i += 4) if (known[word++] !== view.getInt32(i, true)) return false;
    return true;
  }

  #put(slot: number, bytes: Buffer, view: DataView, at: number, size: number, last: number): string {
    const text = textOf(bytes, at, size);
    const words = this.#words;
    const lastAt = at + size - 4;
    let word = slot * WORDS;
    words[word++] = last;
    for (let i = at; i < lastAt; i += 4) words[word++] = view.getInt32(i, true);
    this.#sizes[slot] = size;
    this.#texts[slot] = text;
    return text;
  }
}

/** One to three bytes in a word. */
function shortWord(bytes: Buffer, at: number, size: number): number {
  let word = 0;
  for (let i = at; i < at + size; i++) word = (word << 8) | bytes[i]!;
  return word;
}

function textOf(bytes: Buffer, at: number, size: number): string {
  const text = bytes.utf8Slice(at, at + size);
  const nul = text.indexOf("\0");
  return nul < 0 ? text : text.slice(0, nul);
}
