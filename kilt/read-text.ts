import { FalcoError, reasonOf } from "../core/errors.ts";

/** A file's name and text; "-" is standard input. `what` names it in the error: "template". */
export async function readText(path: string, what: string): Promise<[name: string, text: string]> {
  try {
    if (path === "-") return ["standard input", await Bun.stdin.text()];
    return [path, await Bun.file(path).text()];
  } catch (error) {
    throw new FalcoError("KILT_FILE", `Cannot read ${what} ${path}: ${reasonOf(error)}`, { cause: error });
  }
}
