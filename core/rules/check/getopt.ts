/** Which option letters exist and which of them take a value. */
export interface Options {
  readonly valid: ReadonlySet<string>;
  readonly withValue: ReadonlySet<string>;
}

/** Reads an option string as getopt(3) does: `ab:` is a, and b with a value. */
export function parseOptstring(optstring: string): Options {
  const valid = new Set<string>();
  const withValue = new Set<string>();
  for (let i = 0; i < optstring.length; i++) {
    const letter = optstring[i]!;
    if (letter === ":") continue;
    valid.add(letter);
    if (optstring[i + 1] === ":") withValue.add(letter);
  }
  return { valid, withValue };
}

/**
 * Finds short options in a word list until the first word that is none, or `--`; words like `--long` are passed
 * over. Without selector: each letter, followed by its value, `?` for unknown ones. With it: the last value (or
 * the letter) of that option, nothing when it does not occur.
 */
export function scanOptions(
  words: readonly string[],
  options: Options,
  selector: string | undefined,
): string | readonly string[] | undefined {
  const found: string[] = [];
  let selected: string | undefined;
  const emit = (letter: string, value: string | undefined): void => {
    if (selector === undefined) {
      found.push(letter);
      if (value !== undefined) found.push(value);
    } else if (letter === selector) selected = value ?? letter;
  };
  for (let w = 0; w < words.length; w++) {
    const word = words[w]!;
    if (word === "--") break;
    if (word.length > 2 && word.startsWith("--")) continue;
    if (word.length < 2 || word[0] !== "-") break;
    for (let i = 1; i < word.length; i++) {
      const letter = word[i]!;
      if (!options.valid.has(letter)) {
        if (selector === undefined) found.push("?");
        continue;
      }
      if (!options.withValue.has(letter)) {
        emit(letter, undefined);
        continue;
      }
      const attached = i + 1 < word.length;
      const value = attached ? word.slice(i + 1) : words[++w];
      // A value that is missing shows as an empty string, without its letter.
      if (value !== undefined) emit(letter, value);
      else if (selector === undefined) found.push("");
      else if (letter === selector) selected = "";
      break;
    }
  }
  return selector === undefined ? found : selected;
}
