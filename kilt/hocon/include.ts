import { readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, isAbsolute, relative, resolve } from "node:path";
import { reasonOf } from "../../core/errors.ts";
import type { Scanner } from "./scanner.ts";
import { type At, hoconError, type Source } from "./source.ts";

const MAX_FILE = 1 << 20;
const MAX_CHAIN = 16;

export interface Include {
  readonly file: string;
  /** `required(…)`: a missing file is an error. */
  readonly required: boolean;
  readonly at: At;
}

/** Finds what an include statement names; undefined when an optional file does not exist. */
export interface Includes {
  load(include: Include, from: Source): { source: Source; includes: Includes } | undefined;
}

/** For text that did not come from a file: any include is an error. */
export const noIncludes: Includes = {
  load(include) {
    throw hoconError(include.at, `Cannot include "${include.file}": this text did not come from a file`);
  },
};

/** Files inside `folder`, links followed before that is checked; never from a network. */
export function fileIncludes(folder: string, chain: readonly string[] = []): Includes {
  return {
    load(include, from) {
      const path = resolve(from.folder ?? folder, include.file);
      const real = realPath(path, include);
      if (real === undefined) {
        if (!include.required) return undefined;
        throw hoconError(include.at, `Cannot include "${include.file}": no such file`);
      }
      const inside = relative(realpathSync(folder), real);
      if (inside.startsWith("..") || isAbsolute(inside)) {
        throw hoconError(include.at, `Cannot include "${include.file}": it is outside of ${folder}`);
      }
      if (chain.includes(real) || chain.length >= MAX_CHAIN) {
        const why = chain.includes(real)
          ? "it includes itself"
          : `more than ${MAX_CHAIN} files include each other`;
        throw hoconError(include.at, `Cannot include "${include.file}": ${why}`);
      }
      const source = { name: path, text: readText(real, include), folder: dirname(path) };
      return { source, includes: fileIncludes(folder, [...chain, real]) };
    },
  };
}

/** The file itself, or with the ending that the statement left out. */
function realPath(path: string, include: Include): string | undefined {
  for (const candidate of [path, `${path}.conf`, `${path}.json`]) {
    try {
      return realpathSync(candidate);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") continue;
      throw hoconError(include.at, `Cannot include "${include.file}": ${reasonOf(error)}`);
    }
  }
  return undefined;
}

function readText(path: string, include: Include): string {
  try {
    const stat = statSync(path);
    if (!stat.isFile()) throw new Error("not a regular file");
    if (stat.size > MAX_FILE) throw new Error(`${stat.size} bytes, at most ${MAX_FILE} are read`);
    return readFileSync(path, "utf8");
  } catch (error) {
    throw hoconError(include.at, `Cannot include "${include.file}": ${reasonOf(error)}`);
  }
}

/** Reads an include statement if one stands here; the cursor stays when it does not. */
export function readInclude(scan: Scanner): Include | undefined {
  const at = scan.at;
  if (
    !/^include[\s]+("|required|file|url|classpath)/.test(
      scan.source.text.slice(scan.offset, scan.offset + 200),
    )
  ) {
    return undefined;
  }
  scan.offset += "include".length;
  scan.gap();
  const closes: string[] = [];
  let required = false;
  for (;;) {
    if (scan.take("required(")) required = true;
    else if (scan.looking("url(") || scan.looking("classpath(")) {
      scan.fail("Cannot include: only files are included", 'write include file("…")');
    } else if (!scan.take("file(")) break;
    closes.push(")");
    scan.gap();
  }
  if (scan.peek() !== '"') scan.fail("Cannot include: expected the name of a file in quotes");
  const file = scan.quoted();
  for (const close of closes) {
    scan.gap();
    if (!scan.take(close)) scan.fail(`Cannot include "${file}": expected ")"`);
  }
  return { file, required, at };
}

/** A definition file as a source, and the includes it may use: those beside it and below. */
export function fileSource(path: string, text: string): { source: Source; includes: Includes } {
  const real = realpathSync(path);
  const folder = dirname(real);
  return { source: { name: path, text, folder }, includes: fileIncludes(folder, [real]) };
}
