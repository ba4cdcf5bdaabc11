// hot path

/** Parsed piece of a pattern: a literal character, any character, a set of characters, or any run. */
type Piece =
  | { readonly kind: "char"; readonly char: string }
  | { readonly kind: "any" }
  | { readonly kind: "run" }
  | { readonly kind: "set"; readonly set: RegExp };

const CLASSES: Readonly<Record<string, string>> = {
  alnum: "a-zA-Z0-9",
  alpha: "a-zA-Z",
  blank: " \\t",
  cntrl: "\\x00-\\x1f\\x7f",
  digit: "0-9",
  graph: "!-~",
  lower: "a-z",
  print: " -~",
  punct: "!-\\/:-@\\[-`{-~",
  space: " \\t\\n\\v\\f\\r",
  upper: "A-Z",
  xdigit: "0-9A-Fa-f",
};

/** A bracket expression at `start` (the `[`): its matcher and the index behind it; nothing when it never closes. */
function bracket(pattern: string, start: number, fold: boolean): { piece: Piece; end: number } | undefined {
  let i = start + 1;
  const negated = pattern[i] === "!" || pattern[i] === "^";
  if (negated) i++;
  let body = "";
  for (let first = true; i < pattern.length; first = false) {
    const c = pattern[i]!;
    if (c === "]" && !first) {
      // An empty class (a range that runs backwards) matches nothing.
      const flags = fold ? "i" : "";
      return {
        piece: { kind: "set", set: new RegExp(`^[${negated ? "^" : ""}${body}]$`, `s${flags}`) },
        end: i + 1,
      };
    }
    const named = /^\[:(\w+):\]/.exec(pattern.slice(i, i + 12));
    if (named) {
      body += CLASSES[named[1]!] ?? "";
      i += named[0].length;
      continue;
    }
    let low = c;
    if (c === "\\" && i + 1 < pattern.length) low = pattern[++i]!;
    i++;
    let high = low;
    if (pattern[i] === "-" && i + 1 < pattern.length && pattern[i + 1] !== "]") {
      high = pattern[i + 1]!;
      i += 2;
      if (high === "\\" && i < pattern.length) high = pattern[i++]!;
    }
    if (low <= high) body += `\\u${hex(low)}-\\u${hex(high)}`;
  }
  return undefined;
}

const hex = (c: string): string => c.charCodeAt(0).toString(16).padStart(4, "0");
const foldCase = (c: string): string => (c >= "A" && c <= "Z" ? c.toLowerCase() : c);

function parse(pattern: string, fold: boolean): Piece[] {
  const pieces: Piece[] = [];
  for (let i = 0; i < pattern.length; ) {
    const c = pattern[i]!;
    if (c === "*") {
      if (pieces.at(-1)?.kind !== "run") pieces.push({ kind: "run" });
      i++;
    } else if (c === "?") {
      pieces.push({ kind: "any" });
      i++;
    } else if (c === "[") {
      const set = bracket(pattern, i, fold);
      pieces.push(set?.piece ?? { kind: "char", char: "[" });
      i = set?.end ?? i + 1;
    } else {
      // A lone backslash at the end matches nothing but itself.
      const char = c === "\\" && i + 1 < pattern.length ? pattern[++i]! : c;
      pieces.push({ kind: "char", char: fold ? foldCase(char) : char });
      i++;
    }
  }
  return pieces;
}

function matchesPiece(piece: Piece, c: string, fold: boolean): boolean {
  if (piece.kind === "any") return true;
  if (piece.kind === "char") return piece.char === (fold ? foldCase(c) : c);
  return piece.kind === "set" && piece.set.test(c);
}

/**
 * A matcher for shell patterns as fnmatch(3) without flags reads them: `*` and `?` also match slashes and
 * leading dots, a backslash takes the next character literally, the whole text must match. At most
 * pattern times text steps.
 */
export function compileGlob(pattern: string, fold = false): (text: string) => boolean {
  const pieces = parse(pattern, fold);
  const count = pieces.length;
  return (text) => {
    let p = 0;
    let t = 0;
    let runAt = -1;
    let runFrom = 0;
    while (t < text.length) {
      const piece = p < count ? pieces[p]! : undefined;
      if (piece?.kind === "run") {
        runAt = p++;
        runFrom = t;
      } else if (piece && matchesPiece(piece, text[t]!, fold)) {
        p++;
        t++;
      } else if (runAt >= 0) {
        // Only the last run needs to grow: an earlier one already found its shortest fit.
        p = runAt + 1;
        t = ++runFrom;
      } else return false;
    }
    while (p < count && pieces[p]!.kind === "run") p++;
    return p === count;
  };
}
