import { type Span, stringEnd } from "../../event/json-text.ts";

/** What a list of events is made of. */
interface Outline {
  /** Levels of arrays and objects in each other. */
  readonly depth: number;
  /** Whether there is white space between its parts. */
  readonly hasSpace: boolean;
  /** The elements of the member "items" of the object that it is; of several such members the last, as a parser has it. */
  readonly items: readonly Span[];
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

const isSpace = (code: number): boolean => code === 0x20 || (code >= 0x09 && code <= 0x0d);

/** Whether the string that ends at `end` is the name of the list of events; written with escapes it is that, too. */
const isItems = (text: string, start: number, end: number): boolean => {
  const name = text.slice(start, end);
  return name === '"items"' || (name.includes("\\") && JSON.parse(name) === "items");
};

/** The span without the white space at its ends. */
function trimmed(text: string, start: number, end: number): Span {
  let [from, to] = [start, end];
  while (from < to && isSpace(text.charCodeAt(from))) from++;
  while (to > from && isSpace(text.charCodeAt(to - 1))) to--;
  return { start: from, end: to };
}

/** Looks once through the text of valid JSON. */
export function outlineOf(text: string): Outline {
  let depth = 0;
  let deepest = 0;
  let hasSpace = false;
  let items: Span[] = [];
  /** The list of events is open: its elements lie at depth 2. */
  let inItems = false;
  /** The last string at depth 1 was the name of the list. */
  let named = false;
  let start = 0;
  const endElement = (at: number): void => {
    const span = trimmed(text, start, at);
    if (span.end > span.start) items.push(span);
    start = at + 1;
  };
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      const end = stringEnd(text, i);
      if (depth === 1) named = isItems(text, i, end);
      i = end - 1;
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      if (++depth > deepest) deepest = depth;
      if (depth === 2 && named && code === OPEN_BRACKET) {
        inItems = true;
        items = [];
        start = i + 1;
      }
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      if (inItems && depth === 2) endElement(i);
      if (--depth === 1) inItems = false;
    } else if (code === COMMA) {
      if (inItems && depth === 2) endElement(i);
    } else if (isSpace(code)) hasSpace = true;
  }
  return { depth: deepest, hasSpace, items };
}
