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

interface Entry {
  readonly order: number;
  readonly name: string;
  readonly text: string;
}

/** Words of texts seen before: files that follow each other compile the same conditions again. */
const wordsOf = new Map<string, readonly string[]>();
const MAX_REMEMBERED = 10_000;

function words(text: string): readonly string[] {
  let found = wordsOf.get(text);
  if (!found) {
    found = [...new Set(text.split(WORD_BREAK))];
    if (wordsOf.size >= MAX_REMEMBERED) wordsOf.clear();
    wordsOf.set(text, found);
  }
  return found;
}

/**
 * Substitutes lists into a condition as text, in order of definition: also inside quoted strings, and also what
 * an earlier list brought in.
 */
export class ListSubstitution {
  readonly #byName = new Map<string, Entry>();
  /** Lists whose name is more than one word can occur anywhere. */
  readonly #odd: Entry[] = [];

  constructor(lists: Iterable<ResolvedList>) {
    for (const { name, items } of lists) {
      const entry = { order: this.#byName.size, name, text: items.map(quoteItem).join(", ") };
      this.#byName.set(name, entry);
      if (WORD_BREAK.test(name)) this.#odd.push(entry);
    }
  }

  #candidates(text: string, into: Set<Entry>): void {
    for (const word of words(text)) {
      const entry = this.#byName.get(word);
      if (entry) into.add(entry);
    }
  }

  apply(condition: string): Substituted {
    const used = new Set<string>();
    const waiting = new Set(this.#odd);
    this.#candidates(condition, waiting);
    let text = condition;
    let order = -1;
    while (waiting.size > 0) {
      let next: Entry | undefined;
      for (const entry of waiting) {
        // A list whose turn has passed stays a word, even when a later one brings it in.
        if (entry.order <= order) waiting.delete(entry);
        else if (!next || entry.order < next.order) next = entry;
      }
      if (!next) break;
      order = next.order;
      const result = substituteList(text, next.name, next.text);
      if (!result.used) continue;
      text = result.text;
      used.add(next.name);
      this.#candidates(next.text, waiting);
    }
    return { text, used };
  }
}
