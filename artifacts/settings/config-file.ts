import { existsSync, readFileSync } from "node:fs";
import { FalcoError, reasonOf } from "../../core/errors.ts";
import { writeAtomically } from "../files/write-atomically.ts";

/** falcoctl's configuration file, or nothing of it where there is none. */
export interface ConfigFile {
  readonly path: string;
  readonly values: unknown;
}

export const defaultConfigPath = "/etc/falcoctl/falcoctl.yaml";

/** Reads the file; one that doesn't exist is empty. Bad YAML throws with its place. */
export async function readConfigFile(path: string): Promise<ConfigFile> {
  if (!existsSync(path)) return { path, values: {} };
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new FalcoError("CONFIG", `Cannot read ${path}: ${reasonOf(error)}`, { cause: error });
  }
  const { parseYaml } = await import("../files/parse-yaml.ts");
  return { path, values: parseYaml(text, path, "CONFIG").value() };
}

/** The value at `a.b.c`, whatever the case of the keys. */
export function lookup(values: unknown, path: string): unknown {
  let at = values;
  for (const part of path.split(".")) {
    if (typeof at !== "object" || at === null) return undefined;
    const entry = Object.entries(at).find(([key]) => key.toLowerCase() === part.toLowerCase());
    if (!entry) return undefined;
    at = entry[1];
  }
  return at ?? undefined;
}

/** Sets one top-level key or path in the file, leaving the rest and its comments as they are. */
export async function updateConfigFile(path: string, key: readonly string[], value: unknown): Promise<void> {
  const { parseYaml } = await import("../files/parse-yaml.ts");
  const document = parseYaml(existsSync(path) ? readFileSync(path, "utf8") : "", path, "CONFIG");
  document.setIn(key, value);
  // The file may hold passwords: it is never made readable by others.
  await writeAtomically(path, document.toString(), 0o600);
}
