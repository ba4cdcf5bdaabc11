import type { Json, Key } from "./declare.ts";
import { schema } from "./schema.ts";
import type { MapTree, Tree } from "./tree.ts";
import { scalarTree } from "./tree.ts";

const place = { file: "built-in configuration", line: 1, column: 1 };

/** The built-in configuration, used when there is no file: what the sample file says, as if it had been read. */
export function initialTree(): MapTree {
  return treeOf(initialValue(schema)) as MapTree;
}

/** The value a declaration has in the sample file. */
export function initialValue(key: Key): Json {
  if (key.kind === "either") return key.text.initial;
  if (key.kind !== "object") return key.initial as Json;
  return Object.fromEntries(Object.entries(key.keys).map(([name, child]) => [name, initialValue(child)]));
}

function treeOf(value: Json): Tree {
  if (Array.isArray(value)) return { kind: "list", items: value.map(treeOf), place };
  if (value === null || typeof value !== "object") {
    return scalarTree(value === null ? "null" : String(value), place, typeof value === "string");
  }
  const entries = Object.entries(value).map(
    ([name, child]) => [name, { value: treeOf(child), place }] as const,
  );
  return { kind: "map", entries: new Map(entries), place };
}
