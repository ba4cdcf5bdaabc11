import { RE2JS } from "re2js";
import { CheckError } from "./check-error.ts";

const POSIX_CLASSES: Readonly<Record<string, string>> = {
  alnum: "0-9A-Za-z",
  alpha: "A-Za-z",
  ascii: "\\x00-\\x7f",
  blank: "\\t ",
  cntrl: "\\x00-\\x1f\\x7f",
  digit: "0-9",
  graph: "!-~",
  lower: "a-z",
  print: " -~",
  punct: "!-\\/:-@\\[-`{-~",
  space: "\\t\\n\\v\\f\\r ",
  upper: "A-Z",
  word: "0-9A-Za-z_",
  xdigit: "0-9A-Fa-f",
};

const fail = (reason: string): never => {
  throw new CheckError(`invalid regex pattern: ${reason}`);
};

/** POSIX syntax has no Perl extensions; the library reads Perl syntax, so they are refused here. */
function refusePerl(pattern: string): void {
  let inClass = false;
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i]!;
    if (c === "\\") {
      const letter = pattern[++i];
      if (letter === undefined) return;
      if (/[a-zA-Z1-9]/.test(letter) && !/[aCfnrtvx]/.test(letter))
        fail(`invalid escape sequence: \\${letter}`);
    } else if (inClass) {
      const named = /^\[:\^?\w+:\]/.exec(pattern.slice(i, i + 14));
      if (named) i += named[0].length - 1;
      else if (c === "]") inClass = false;
    } else if (c === "[") {
      inClass = true;
      if (pattern[i + 1] === "^") i++;
      if (pattern[i + 1] === "]") i++;
    } else if (c === "(" && pattern[i + 1] === "?") fail("missing argument to repetition operator: ?");
  }
}

interface Translation {
  source: string;
  unbounded: number;
}

/**
 * The pattern as a JavaScript one, or nothing when backtracking could hurt: groups under a quantifier,
 * counted repetitions, or more than one open-ended quantifier. What is left runs in linear time.
 */
function translate(pattern: string): Translation | undefined {
  const out: Translation = { source: "", unbounded: 0 };
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i]!;
    if (c === "\\") {
      const letter = pattern[++i]!;
      if (/[a-zA-Z0-9]/.test(letter)) return undefined;
      out.source += letter === "-" ? "-" : /[.*+?^$()[\]{}|\\/]/.test(letter) ? `\\${letter}` : letter;
    } else if (c === "[") {
      const set = /^\[(\^?)((?:\[:\w+:\]|[^\]\\[])+)\]/.exec(pattern.slice(i));
      if (!set) return undefined;
      const body = set[2]!.replace(/\[:(\w+):\]/g, (_, name: string) => POSIX_CLASSES[name] ?? "");
      out.source += `[${set[1]}${body}]`;
      i += set[0].length - 1;
    } else if (c === "*" || c === "+") {
      if (/[)*+?]$/.test(out.source) && !/\\[)*+?]$/.test(out.source)) return undefined;
      out.unbounded++;
      out.source += c;
    } else if (c === "?") {
      if (/[)*+?]$/.test(out.source) && !/\\[)*+?]$/.test(out.source)) return undefined;
      out.source += c;
    } else if (c === "{" || c === "}" || c === "^" || c === "$") return undefined;
    else out.source += c === "." ? "[^\\n]" : c === "/" ? "\\/" : c;
  }
  return out.unbounded <= 1 ? out : undefined;
}

/**
 * A test for the whole text against a POSIX (egrep) pattern, in time linear in the text whatever the pattern.
 * Throws CheckError for a pattern that is not one.
 */
export function compileRegex(pattern: string): (text: string) => boolean {
  refusePerl(pattern);
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(pattern, RE2JS.MULTILINE | RE2JS.LONGEST_MATCH | RE2JS.DISABLE_UNICODE_GROUPS);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return fail(reason.replace(/^error parsing regexp: /, "").replace(/: `([\s\S]*)`$/, ": $1"));
  }
  const simple = translate(pattern);
  if (!simple) return (text) => compiled.matches(text);
  const native = new RegExp(`^(?:${simple.source})$`, "u");
  return (text) => native.test(text);
}
