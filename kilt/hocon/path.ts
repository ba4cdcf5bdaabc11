import type { Scanner } from "./scanner.ts";

/**
 * Reads a path expression: keys joined by dots, quoted or bare, up to something that cannot belong to
 * one. Blanks inside a key belong to it (`a b.c` is the keys "a b" and "c"), those at its ends do not.
 */
export function readPath(scan: Scanner): string[] {
  const start = scan.at;
  const keys: string[] = [];
  let key = "";
  let seen = false;
  let pending = "";
  const close = (): void => {
    if (!seen) scan.fail("Cannot read path: empty key", 'an empty key is written as ""');
    keys.push(key);
    key = "";
    seen = false;
    pending = "";
  };
  for (;;) {
    const blanks = scan.blanks();
    if (seen) pending += blanks;
    if (scan.peek() === ".") {
      close();
      scan.offset++;
      continue;
    }
    const isQuoted = scan.peek() === '"';
    const piece = isQuoted ? scan.quoted() : scan.bare(".");
    if (piece === "" && !isQuoted) break;
    key += pending + piece;
    pending = "";
    seen = true;
  }
  if (!seen && keys.length === 0) {
    const found = scan.done ? "the end of the text" : `"${scan.peek()}"`;
    scan.fail(`Cannot read path: expected a key, found ${found}`, undefined, scan.done ? start : scan.at);
  }
  close();
  return keys;
}
