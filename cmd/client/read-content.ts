import { readFile } from "node:fs/promises";
import { FalcoError, reasonOf } from "../../core/errors.ts";

/** The text of a file, or of standard input for `-`. */
export async function readContent(file: string): Promise<string> {
  try {
    return file === "-" ? await Bun.stdin.text() : await readFile(file, "utf8");
  } catch (cause) {
    throw new FalcoError("CLIENT_INPUT", `Cannot read "${file}": ${reasonOf(cause)}`, { cause });
  }
}
