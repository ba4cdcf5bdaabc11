import { FalcoError } from "../../errors.ts";
import type { TextPos } from "../language/ast.ts";
import { Positions } from "../yaml/positions.ts";
import type { Context } from "./context.ts";
import type { LoadError, LoadResult } from "./load-result.ts";

/** Messages that tools know by their wording, in the words of somebody who writes rules. */
const PLAIN: readonly (readonly [RegExp, string])[] = [
  [/^filter_check called with nonexistent field (.*)$/s, 'unknown field "$1"'],
  [/^unknown filter: .*$/s, "what follows the % is no field"],
  [/^Undefined macro '(.*)' used in filter\.$/s, 'unknown macro "$1"'],
  [/^unknown event type (.*)$/s, 'unknown event type "$1"'],
  [/^Item has no mapping for key '(.*)'$/s, 'the key "$1" is missing'],
  [/^Mapping for key '(.*)' is empty$/s, 'the key "$1" has no value'],
  [/^yaml-cpp: error at line \d+, column \d+: (.*)$/s, "not valid YAML: $1"],
];

const plain = (message: string): string => {
  const found = PLAIN.find(([pattern]) => pattern.test(message));
  return found ? message.replace(found[0], found[1]) : message;
};

const count = (text: string, word: string): number => text.split(word).length - 1;

/**
 * Where in a scalar's value a place of the text that was compiled stands. Lists and exceptions change the text, so
 * unless it is the same, the word at the place is looked for, as often as it occurs before.
 */
function indexIn(value: string, pos: TextPos): number | undefined {
  if (value === pos.text) return pos.index;
  const word = /^[^\s()]+/.exec(pos.text.slice(pos.index))?.[0];
  if (word === undefined) return undefined;
  let index = value.indexOf(word);
  for (let n = count(pos.text.slice(0, pos.index), word); n > 0 && index >= 0; n--) {
    const next = value.indexOf(word, index + 1);
    if (next < 0) break;
    index = next;
  }
  return index < 0 ? undefined : index;
}

/** Line and column from 1, and the line itself. */
export function placeOf(
  context: Context,
  pos: TextPos | undefined = context.textPos,
): { line: number; column: number; excerpt: string } {
  const { content } = context.file;
  const positions = new Positions(content);
  const { scalar } = context;
  const index = scalar && pos ? indexIn(scalar.text, pos) : undefined;
  const at = index === undefined ? undefined : scalar?.sourceMap()?.at(index);
  const mark =
    at === undefined
      ? context.locations.findLast((location) => location.type !== "condition expression")!.mark
      : positions.mark(at);
  const start = positions.lineStarts[mark.line] ?? 0;
  const end = content.indexOf("\n", start);
  const excerpt = content.slice(start, end < 0 ? undefined : end).replace(/\r$/, "");
  return { line: mark.line + 1, column: mark.column + 1, excerpt };
}

function asFalcoError(file: string, error: LoadError): FalcoError {
  const { context } = error;
  const { line, column, excerpt } = placeOf(context, error.textPos);
  const item = context.locations.findLast((l) => l.name !== "" && l.type !== "value for");
  const what = item ? `${item.type} "${item.name}"` : "rules";
  return new FalcoError(error.code, `Cannot load ${what}: ${plain(error.message)}`, {
    place: { file, line, column },
    excerpt,
    ...(error.suggestion ? { hint: `did you mean "${error.suggestion}"?` } : {}),
  });
}

/** The first error of a file as people should see it: file, line, column, the line with a caret, what was meant. */
export function loadFailure(result: LoadResult): FalcoError | undefined {
  const [error] = result.errors;
  return error && asFalcoError(result.name, error);
}
