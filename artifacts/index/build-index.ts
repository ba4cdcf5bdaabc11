import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { FalcoError } from "../../core/errors.ts";
import type { IndexEntry } from "./index-entry.ts";
import { parseIndex } from "./parse-index.ts";

export interface BuildIndexOptions {
  /** Registry and repository prefix for artifacts whose folder names none: `ghcr.io/me/falco`. */
  readonly prefix?: string | undefined;
}

/** Files that describe an artifact, in the order they are looked for. */
const descriptions = ["artifact.yaml", "artifact.yml", "index-entry.yaml"];

/**
 * Makes an index from a folder of artifacts: each subfolder with an `artifact.yaml` (the members of an index entry)
 * gives one; of subfolders and files without, the kind is told from what they hold: a `.so` is a plugin, a `.yaml`
 * a rules file. Entries come sorted by name, and pass the same check as any index.
 */
export async function buildIndex(dir: string, { prefix }: BuildIndexOptions = {}): Promise<string> {
  const { stringify } = await import("yaml");
  const { parseYaml } = await import("../files/parse-yaml.ts");
  const items: Record<string, unknown>[] = [];
  const children = await readdir(dir, { withFileTypes: true }).catch((error: Error) => {
    throw new FalcoError("INDEX", `Cannot build an index of ${dir}: ${error.message}`, { cause: error });
  });
  for (const child of children.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(dir, child.name);
    const files = child.isDirectory() ? await readdir(path) : [child.name];
    const description = child.isDirectory() ? descriptions.find((name) => files.includes(name)) : undefined;
    const described = description && join(path, description);
    const given = described ? parseYaml(await readFile(described, "utf8"), described, "INDEX").value() : {};
    if (typeof given !== "object" || given === null || Array.isArray(given)) {
      throw new FalcoError("INDEX", `Cannot build an index of ${dir}: ${described} is not a mapping`);
    }
    const type = typeOf(files.filter((name) => !descriptions.includes(name)));
    if (!description && !type) continue;
    items.push(entryOf({ ...(type && { type }), ...given }, child.name, prefix));
  }
  if (items.length === 0) {
    throw new FalcoError("INDEX", `Cannot build an index of ${dir}: no artifact is in it`, {
      hint: "put each artifact into a folder with an artifact.yaml, or rules files and plugins beside each other",
    });
  }
  const text = stringify(items.sort((a, b) => (String(a["name"]) < String(b["name"]) ? -1 : 1)));
  await parseIndex(text, `made from ${dir}`);
  return text;
}

/** A single file that is an archive says nothing of its kind; `artifact.yaml` must. */
function typeOf(files: readonly string[]): IndexEntry["type"] | undefined {
  if (files.some((name) => name.endsWith(".so"))) return "plugin";
  if (files.some((name) => /\.ya?ml$/.test(name))) return "rulesfile";
  return undefined;
}

function entryOf(
  given: Record<string, unknown>,
  fileName: string,
  prefix: string | undefined,
): Record<string, unknown> {
  const name = given["name"] ?? fileName.replace(/\.(ya?ml|so|tar\.gz)$/, "").replaceAll("_", "-");
  const slash = prefix?.indexOf("/") ?? -1;
  if (
    (given["registry"] === undefined || given["repository"] === undefined) &&
    (prefix === undefined || slash < 0)
  ) {
    throw new FalcoError(
      "INDEX",
      `Cannot make an entry of "${fileName}": its registry and repository are not known`,
      {
        hint: "give --prefix registry/path, or name them in its artifact.yaml",
      },
    );
  }
  const { type, registry, repository, ...rest } = given;
  return {
    name,
    type,
    registry: registry ?? prefix?.slice(0, slash),
    repository: repository ?? `${prefix?.slice(slash + 1)}/${String(name)}`,
    ...Object.fromEntries(Object.entries(rest).filter(([key]) => key !== "name")),
  };
}
