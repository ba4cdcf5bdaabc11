/** A list after its own items were expanded. */
export interface ResolvedList {
  readonly name: string;
  readonly items: readonly string[];
}

const BLANKS = " \t\n\r";
const DELIMITERS = BLANKS + "(),=";
const WORD_BREAK = /[ \t\n\r(),=]+/;

/** Items with a blank get quotes unless they bring their own. Nothing else is escaped. */
export const quoteItem = (item: string): string =>
  item.includes(" ") && !/^["']/.test(item) ? `"${item}"` : item;

const delimits = (text: string, index: number): boolean =>
  index < 0 || index >= text.length || DELIMITERS.includes(text[index]!);

/** Replaces each free-standing occurrence of one list's name by its items. */
function substituteList(condition: string, name: string, items: string): { text: string; used: boolean } {
  let text = condition;
  let used = false;
  let start = text.indexOf(name);
  while (start >= 0) {
    let end = start + name.length;
    if (delimits(text, start - 1) && delimits(text, end)) {
      while (start > 0 && BLANKS.includes(text[start - 1]!)) start--;
      while (end < text.length && BLANKS.includes(text[end]!)) end++;
      if (items === "") {
        // Nothing takes the name's place, so one neighbouring comma goes with it.
        if (start > 0 && text[start - 1] === ",") start--;
        else if (text[end] === ",") end++;
      }
      const head = start > 0 ? `${text.slice(0, start)} ` : "";
      text = `${head}${items} ${text.slice(end)}`;
      start += items.length + 1;
      used = true;
    }
    start = text.indexOf(name, start + 1);
  }
  return { text, used };
}

export interface Substituted {
  readonly text: string;
  readonly used: ReadonlySet<string>;
}

/**
 * Substitutes lists into a condition as text, in order of definition: also inside quoted strings, and also what
 * an earlier list brought in. `texts` holds each list's joined items.
 */
export class ListSubstitution {
  readonly #lists: readonly { name: string; text: string; words: readonly string[] }[];

  constructor(lists: Iterable<ResolvedList>) {
    this.#lists = Array.from(lists, ({ name, items }) => {
      const text = items.map(quoteItem).join(", ");
      return { name, text, words: text.split(WORD_BREAK) };
    });
  }

  apply(condition: string): Substituted {
    const used = new Set<string>();
    const words = new Set(condition.split(WORD_BREAK));
    let text = condition;
    for (const list of this.#lists) {
      // A name without delimiters can only occur as one of the words.
      if (!words.has(list.name) && !WORD_BREAK.test(list.name)) continue;
      const result = substituteList(text, list.name, list.text);
      if (!result.used) continue;
      text = result.text;
      used.add(list.name);
      for (const word of list.words) words.add(word);
    }
    return { text, used };
  }
}
