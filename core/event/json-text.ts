// Finds things in the text of valid JSON without making values of it: what stands there is shown as it was written
// (`1.0`, integers beyond 2^53, escapes, the order of members), which parsing would lose.

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

const isSpace = (code: number): boolean => code === 0x20 || (code >= 0x09 && code <= 0x0d);
const isOpen = (code: number): boolean => code === OPEN_BRACE || code === OPEN_BRACKET;
const isClose = (code: number): boolean => code === CLOSE_BRACE || code === CLOSE_BRACKET;

function skipSpace(text: string, at: number): number {
  let i = at;
  while (isSpace(text.charCodeAt(i))) i++;
  return i;
}

/** The place behind the string whose opening quote is at `at`. */
export function stringEnd(text: string, at: number): number {
  for (let from = at + 1; ; ) {
    const quote = text.indexOf('"', from);
    if (quote < 0) return text.length;
    let slashes = 0;
    while (text.charCodeAt(quote - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return quote + 1;
    from = quote + 1;
  }
}

/** The place behind the value that starts at `at`. */
export function valueEnd(text: string, at: number): number {
  let depth = 0;
  let i = at;
  while (i < text.length) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      i = stringEnd(text, i);
      if (depth === 0) return i;
      continue;
    }
    if (isOpen(code)) depth++;
    else if (isClose(code)) {
      if (depth === 0) return i;
      if (--depth === 0) return i + 1;
    } else if (depth === 0 && (code === COMMA || isSpace(code))) return i;
    i++;
  }
  return i;
}

/** Whether arrays and objects lie in each other more than `limit` deep. */
export function isDeeperThan(text: string, limit: number): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = stringEnd(text, i) - 1;
    else if (isOpen(code) && ++depth > limit) return true;
    else if (isClose(code)) depth--;
  }
  return false;
}

/** Where a value stands: `text.slice(start, end)` is it. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** The elements of the array that starts at `at`; none if something else starts there. */
export function elements(text: string, at: number): Span[] {
  const found: Span[] = [];
  let i = skipSpace(text, at);
  if (text.charCodeAt(i) !== OPEN_BRACKET) return found;
  i = skipSpace(text, i + 1);
  while (i < text.length && text.charCodeAt(i) !== CLOSE_BRACKET) {
    const end = valueEnd(text, i);
    if (end === i) break;
    found.push({ start: i, end });
    i = skipSpace(text, end);
    if (text.charCodeAt(i) === COMMA) i = skipSpace(text, i + 1);
  }
  return found;
}

/** The member of the object that starts at `at`; of several of that name the last, which is the one a parser keeps. */
export function member(text: string, at: number, name: string): Span | undefined {
  let found: Span | undefined;
  let i = skipSpace(text, at);
  if (text.charCodeAt(i) !== OPEN_BRACE) return undefined;
  i = skipSpace(text, i + 1);
  while (text.charCodeAt(i) === QUOTE) {
    const keyEnd = stringEnd(text, i);
    const key = text.slice(i + 1, keyEnd - 1);
    const start = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const end = valueEnd(text, start);
    if (key === name || (key.includes("\\") && JSON.parse(`"${key}"`) === name)) found = { start, end };
    i = skipSpace(text, end);
    if (text.charCodeAt(i) === COMMA) i = skipSpace(text, i + 1);
  }
  return found;
}

/** The value at the end of a path of member names and element numbers. */
export function valueAt(text: string, path: readonly string[]): Span | undefined {
  const start = skipSpace(text, 0);
  let span: Span | undefined = { start, end: valueEnd(text, start) };
  for (const name of path) {
    const isArray: boolean = text.charCodeAt(span.start) === OPEN_BRACKET;
    if (!isArray) span = member(text, span.start, name);
    else span = /^\d+$/.test(name) ? elements(text, span.start)[Number(name)] : undefined;
    if (!span) return undefined;
  }
  return span;
}

/** The same JSON without white space between its parts. */
export function compactJson(text: string): string {
  let out = "";
  let kept = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = stringEnd(text, i) - 1;
    else if (isSpace(code)) {
      out += text.slice(kept, i);
      kept = i + 1;
    }
  }
  return kept === 0 ? text : out + text.slice(kept);
}

/** The same JSON with a line for each member and element, indented by two spaces a level. */
export function indentJson(text: string): string {
  const source = compactJson(text);
  const parts: string[] = [];
  let depth = 0;
  let kept = 0;
  const line = (): string => `\n${"  ".repeat(Math.max(0, depth))}`;
  const take = (end: number, ...more: string[]): void => {
    parts.push(source.slice(kept, end), ...more);
    kept = end;
  };
  for (let i = 0; i < source.length; i++) {
    const code = source.charCodeAt(i);
    if (code === QUOTE) i = stringEnd(source, i) - 1;
    else if (code === COLON) take(i + 1, " ");
    else if (code === COMMA) take(i + 1, line());
    else if (isOpen(code)) {
      // What is empty stays on its line.
      if (isClose(source.charCodeAt(i + 1))) i++;
      else {
        depth++;
        take(i + 1, line());
      }
    } else if (isClose(code)) {
      depth--;
      take(i, line());
    }
  }
  return parts.join("") + source.slice(kept);
}
