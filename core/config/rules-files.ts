import { readdirSync, readFileSync, statSync } from "node:fs";
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
  const files: RulesFile[] = [];
  for (const path of paths) {
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found) {
      if (!mustExist) continue;
      throw new FalcoError(
        "LOAD_ERR_FILE_READ",
        `Cannot read rules file ${path}: there is no such file or directory`,
      );
    }
    for (const file of found.isDirectory() ? filesOf(path) : isRulesFile(path) ? [path] : []) {
      files.push({ name: file, content: read(file) });
    }
  }
  return files;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new FalcoError("LOAD_ERR_FILE_READ", `Cannot read rules file ${path}: ${reasonOf(cause)}`, {
      cause,
    });
  }
}
