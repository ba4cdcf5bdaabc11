import type { Json, Key } from "./declare.ts";
import { decode, escapeKey } from "./decode.ts";
import { initialTree } from "./initial.ts";
import type { LoadedConfig } from "./load.ts";
import { schema } from "./schema.ts";
import type { Tree } from "./tree.ts";

/** Stands for a secret: a key declared as one, or a value that came out of the environment. */
export const HIDDEN = "<hidden>";

/** Configuration in effect, every key present, as it may be printed: secrets are replaced by HIDDEN. */
export function shownConfig({ config, tree }: Pick<LoadedConfig, "config" | "tree">): Json {
  return shown(schema, config as Json, tree);
}

export interface Difference {
  /** As `-o` takes it. */
  readonly key: string;
  readonly builtIn: Json;
  readonly value: Json;
}

/** Keys whose value is not that of the built-in configuration, in the order of the schema. */
export function configDifferences(loaded: Pick<LoadedConfig, "config" | "tree">): Difference[] {
  const tree = initialTree();
  const builtIn = leaves(shown(schema, decode(schema, tree).value as Json, tree));
  const now = leaves(shownConfig(loaded));
  return [...new Set([...builtIn.keys(), ...now.keys()])]
    .map((key) => ({ key, builtIn: builtIn.get(key) ?? null, value: now.get(key) ?? null }))
    .filter(({ builtIn, value }) => JSON.stringify(builtIn) !== JSON.stringify(value));
}

function shown(key: Key, value: Json, tree: Tree | undefined): Json {
  const empty =
    value === null || value === "" || (typeof value === "object" && Object.keys(value).length === 0);
  if (!empty && (key.secret || holdsEnvironment(tree))) {
    // A map or list of its own keys keeps its shape; what was put in from outside is hidden where it stands.
    if (key.secret || tree?.kind === "scalar") return HIDDEN;
  }
  if (key.kind === "either") return shown(typeof value === "string" ? key.text : key.object, value, tree);
  if (Array.isArray(value)) {
    return value.map((item, i) =>
      shown(key.kind === "list" ? key.item : key, item, tree?.kind === "list" ? tree.items[i] : undefined),
    );
  }
  if (value === null || typeof value !== "object") return value;
  const child = (name: string): Tree | undefined =>
    tree?.kind === "map" ? tree.entries.get(name)?.value : undefined;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => {
      const declared = key.kind === "object" ? key.keys[name] : undefined;
      return [name, shown(declared ?? key, inner, child(name))];
    }),
  );
}

function holdsEnvironment(tree: Tree | undefined): boolean {
  return tree?.kind === "scalar" && tree.fromEnvironment;
}

/** Every value that is no map, by its key path; a list counts as one value. */
function leaves(value: Json, path = "", into = new Map<string, Json>()): Map<string, Json> {
  const isMap = value !== null && typeof value === "object" && !Array.isArray(value);
  if (!isMap || Object.keys(value).length === 0) return into.set(path, value);
  for (const [name, inner] of Object.entries(value)) {
    leaves(inner as Json, path === "" ? escapeKey(name) : `${path}.${escapeKey(name)}`, into);
  }
  return into;
}
