import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { FalcoError, reasonOf } from "../errors.ts";

export interface RulesFile {
  readonly name: string;
  readonly content: string;
}

const isRulesFile = (path: string): boolean => /\.ya?ml$/.test(path);

/** Files of a rules directory: *.yaml and *.yml of it, not of its directories, in byte order. */
function filesOf(directory: string): string[] {
  return readdirSync(directory)
    .filter(isRulesFile)
    .map((name) => join(directory, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile())
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

/**
 * The rules files that paths stand for. Paths of the configuration that do not exist are left out; those of the
 * command line must exist. Throws a FalcoError that names the file when one can't be read.
 */
export function readRulesFiles(paths: readonly string[], mustExist: boolean): RulesFile[] {
  return paths
    .filter((path) => mustExist || existsSync(path))
    .flatMap((path) => {
      if (isDirectory(path)) return filesOf(path);
      return isRulesFile(path) || !existsSync(path) ? [path] : [];
    })
    .map(read);
}

/**
 * The files to be checked: each path itself, whatever its name ends in, or the rules files of a directory. Throws a
 * FalcoError when one can't be read, or a directory has none.
 */
export function readNamedFiles(paths: readonly string[]): RulesFile[] {
  return paths.flatMap((path) => {
    if (!isDirectory(path)) return read(path);
    const files = filesOf(path);
    if (files.length > 0) return files.map(read);
    throw new FalcoError("LOAD_ERR_FILE_READ", `Cannot check ${path}: the directory has no *.yaml or *.yml`);
  });
}

const isDirectory = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

function read(name: string): RulesFile {
  try {
    return { name, content: readFileSync(name, "utf8") };
  } catch (cause) {
    throw new FalcoError(
      "LOAD_ERR_FILE_READ",
      `Could not open file ${name} for reading: ${reasonOf(cause)}`,
      {
        cause,
      },
    );
  }
}
