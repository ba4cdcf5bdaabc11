import { type At, hoconError, type Source } from "./source.ts";

const FORBIDDEN = new Set('$"{}[]:=,+#`^?!@*&\\');
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

/** Blanks as the specification counts them: every Unicode space, the BOM and the ASCII separators. */
const isSpace = (char: string): boolean => char !== "\n" && /[\s\u001c-\u001f]/.test(char);

/** A cursor over a HOCON text that knows its smallest pieces: blanks, comments, strings, bare words. */
export class Scanner {
  readonly source: Source;
  offset = 0;

  constructor(source: Source) {
    this.source = source;
  }

  get at(): At {
    return { source: this.source, offset: this.offset };
  }
  get done(): boolean {
    return this.offset >= this.source.text.length;
  }
  peek(ahead = 0): string {
    return this.source.text[this.offset + ahead] ?? "";
  }
  looking(text: string): boolean {
    return this.source.text.startsWith(text, this.offset);
  }
  take(text: string): boolean {
    if (!this.looking(text)) return false;
    this.offset += text.length;
    return true;
  }
  fail(message: string, hint?: string, at: At = this.at): never {
    throw hoconError(at, message, hint);
  }

  /** Skips blanks on this line and returns them as written. */
  blanks(): string {
    const start = this.offset;
    while (!this.done && isSpace(this.peek())) this.offset++;
    return this.source.text.slice(start, this.offset);
  }

  get atComment(): boolean {
    return this.peek() === "#" || this.looking("//");
  }

  /** Skips blanks, newlines and comments; true when a newline was among them. */
  gap(): boolean {
    let newline = false;
    for (;;) {
      this.blanks();
      if (this.peek() === "\n") {
        newline = true;
        this.offset++;
      } else if (this.atComment) {
        const end = this.source.text.indexOf("\n", this.offset);
        this.offset = end < 0 ? this.source.text.length : end;
      } else return newline;
    }
  }

  /** A run of characters that need no quotes. `stops` ends it early (the dots of a path). */
  bare(stops = ""): string {
    const start = this.offset;
    while (!this.done) {
      const char = this.peek();
      if (char === "\n" || isSpace(char) || FORBIDDEN.has(char) || stops.includes(char)) break;
      if (this.looking("//")) break;
      this.offset++;
    }
    return this.source.text.slice(start, this.offset);
  }

  /** A quoted string, single or triple; the cursor stands on its first quote. */
  quoted(): string {
    return this.looking('"""') ? this.#tripleQuoted() : this.#singleQuoted();
  }

  #tripleQuoted(): string {
    const start = this.at;
    this.offset += 3;
    let end = this.source.text.indexOf('"""', this.offset);
    if (end < 0) this.fail('Cannot read text: the """ is never closed', 'end it with """', start);
    // More than three quotes at the end: the last three close, the others belong to the text.
    while (this.source.text[end + 3] === '"') end++;
    const text = this.source.text.slice(this.offset, end);
    this.offset = end + 3;
    return text;
  }

  #singleQuoted(): string {
    const start = this.at;
    this.offset++;
    let text = "";
    for (;;) {
      const char = this.peek();
      if (this.done || char === "\n")
        this.fail("Cannot read text: the quote is never closed", undefined, start);
      if (char === "\\") text += this.#escape();
      else if (char < " ")
        this.fail("Cannot read text: control character in quotes", "write it as an escape, \\n or \\u0007");
      else {
        this.offset++;
        if (char === '"') return text;
        text += char;
      }
    }
  }

  #escape(): string {
    const start = this.at;
    const letter = this.peek(1);
    this.offset += 2;
    if (letter === "u") {
      const digits = this.source.text.slice(this.offset, this.offset + 4);
      if (!/^[0-9a-fA-F]{4}$/.test(digits))
        this.fail("Cannot read text: \\u needs four hexadecimal digits", undefined, start);
      this.offset += 4;
      return String.fromCharCode(Number.parseInt(digits, 16));
    }
    return (
      ESCAPES[letter] ??
      this.fail(`Cannot read text: unknown escape "\\${letter}"`, "write a backslash as \\\\", start)
    );
  }
}
