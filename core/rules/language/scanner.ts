import { isSeldom } from "../../ffi/seldom.ts";
import type { TextPos } from "./ast.ts";
import { unescapeQuoted } from "./escape.ts";

const BLANK = /[ \t\b\r\n]+/y;
const NOT_BLANK = /not[ \t\n\v\f\r]+/y;
const IDENTIFIER = /[a-zA-Z]+[a-zA-Z0-9_]*/y;
const FIELD_NAME = /[a-zA-Z]+[a-zA-Z0-9_]*(?:\.[a-zA-Z]+[a-zA-Z0-9_]*)+/y;
const FIELD_ARG = /[^\]["' \t\n\v\f\r]+/y;
const HEX_NUMBER = /0[xX][0-9a-fA-F]+/y;
const NUMBER = /[+-]?[0-9]+[.]?[0-9]*(?:[eE][+-][0-9]+)?/y;
const BARE_STRING = /[^()"' \t\n\v\f\r=,]+/y;

/** Reading stopped: what was expected, as the reference words it, and where. */
export class ConditionSyntaxError extends Error {
  readonly pos: TextPos;
  constructor(message: string, pos: TextPos) {
    super(message);
    this.pos = pos;
  }
}

/**
 * A cursor over a condition. The language has no context-free tokens (`in` is an operator or a word, by
 * position), so the parser asks for what may stand here. `last` is the last token read; messages name it.
 */
export class Scanner {
  readonly text: string;
  index = 0;
  last = "";
  /** Bytes of the last quoted string, when its escapes do not form text. */
  lastBytes: Uint8Array | undefined;

  constructor(text: string) {
    this.text = text;
  }

  get pos(): TextPos {
    return { text: this.text, index: this.index };
  }

  get atEnd(): boolean {
    return this.index >= this.text.length;
  }

  fail(message: string): never {
    throw new ConditionSyntaxError(message, this.pos);
  }

  /** Skips blanks; the one reading that leaves `last` alone. */
  blank(): boolean {
    BLANK.lastIndex = this.index;
    if (!BLANK.test(this.text)) return false;
    this.index = BLANK.lastIndex;
    return true;
  }

  #pattern(pattern: RegExp): boolean {
    pattern.lastIndex = this.index;
    if (!pattern.test(this.text)) return false;
    this.last = this.text.slice(this.index, pattern.lastIndex);
    this.lastBytes = undefined;
    this.index = pattern.lastIndex;
    return true;
  }

  notBlank(): boolean {
    return this.#pattern(NOT_BLANK);
  }
  identifier(): boolean {
    return this.#pattern(IDENTIFIER);
  }
  fieldName(): boolean {
    return this.#pattern(FIELD_NAME);
  }
  fieldArg(): boolean {
    return this.#pattern(FIELD_ARG);
  }
  number(): boolean {
    return this.#pattern(HEX_NUMBER) || this.#pattern(NUMBER);
  }
  bareString(): boolean {
    return this.#pattern(BARE_STRING);
  }

  literal(token: string): boolean {
    if (!this.text.startsWith(token, this.index)) return false;
    this.last = token;
    this.index += token.length;
    return true;
  }

  /** The first of several operators that stands here. Those with letters in `needBlank` want a blank behind. */
  operator<T extends string>(operators: readonly T[], needBlank: boolean): T | undefined {
    for (const operator of operators) {
      const { index, last } = this;
      if (!this.literal(operator)) continue;
      if (!needBlank || !/[a-z]/.test(operator) || this.blank()) return operator;
      this.index = index;
      this.last = last;
    }
    return undefined;
  }

  /** A transformer's name directly followed by its parenthesis, both consumed. */
  call<T extends string>(names: readonly T[]): T | undefined {
    for (const name of names) {
      if (!this.literal(`${name}(`)) continue;
      this.last = name;
      return name;
    }
    return undefined;
  }

  /**
   * A string in single or double quotes, unescaped into `last`. It ends at the first delimiter whose previous
   * character is not a backslash: a string cannot end in an escaped backslash, here as in the reference.
   */
  quotedString(): boolean {
    const delimiter = this.text[this.index];
    if (delimiter !== "'" && delimiter !== '"') return false;
    let end = this.index + 1;
    while (end < this.text.length && !(this.text[end] === delimiter && this.text[end - 1] !== "\\")) end++;
    if (end >= this.text.length) return false;
    const raw = this.text.slice(this.index + 1, end);
    this.index = end + 1;
    const unescaped = unescapeQuoted(raw, delimiter);
    if (unescaped.error !== undefined) {
      this.last = delimiter + raw + delimiter;
      this.fail(unescaped.error);
    }
    this.last = unescaped.text;
    this.lastBytes = unescaped.bytes;
    return true;
  }
}

isSeldom(Scanner.prototype.operator);
