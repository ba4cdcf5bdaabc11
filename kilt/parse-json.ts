import { FalcoError, reasonOf } from "../core/errors.ts";

/** JSON of a named origin, or an error that names it. */
export function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FalcoError("JSON_INVALID", `Cannot read ${name}: ${reasonOf(error)}`, { cause: error });
  }
}
