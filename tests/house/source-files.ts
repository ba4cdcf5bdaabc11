import { readFileSync } from "node:fs";
import { dirname, join, normalize, resolve } from "node:path";

const ROOT = resolve(import.meta.dir, "../..");

export interface SourceFile {
  /** From the repository's root. */
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
  readonly test: boolean;
}

/** Every TypeScript file written by hand: generated code and what npm installs are left out. */
export function sourceFiles(): SourceFile[] {
  const roots = "{cmd,core,kilt,artifacts,proto,tests}/**/*.ts";
  return [...new Bun.Glob(roots).scanSync(ROOT)]
    .filter((path) => !/(^|\/)(gen|node_modules)\//.test(path))
    .sort()
    .map((path) => {
      const text = readFileSync(join(ROOT, path), "utf8");
      return {
        path,
        text,
        lines: text.split("\n"),
        test: path.startsWith("tests/") || path.includes(".test."),
      };
    });
}

/**
 * Paths, from the repository's root, of what a file imports from it, lazy imports included. `types: false`
 * leaves out `import type`, which does not exist at run time.
 */
export function localImports(file: SourceFile, { types = true } = {}): string[] {
  // Comments go first, so that an example in one is no import.
  let code = file.text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/^\s*\/\/.*$/gm, "");
  if (!types) code = code.replaceAll(/\b(import|export) type [^;]*?\bfrom\s*"[^"]*"/g, "");
  const found = code.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*["'](\.[^"']*)["']/g);
  return [...found].map((match) => normalize(join(dirname(file.path), match[1]!)));
}

/** A file outside the sources, as text. */
export const readRoot = (path: string): string => readFileSync(join(ROOT, path), "utf8");
export const rootPath = (path: string): string => join(ROOT, path);
