import type { MapTree } from "./tree.ts";

export type Strategy = "append" | "override" | "add-only";

/**
 * Merges the top-level keys of an included file into the tree so far: `append` adds to lists and replaces everything
 * else, `override` replaces, `add-only` leaves what is set alone. Maps are replaced whole, never merged key by key.
 */
export function mergeTree(into: MapTree, included: MapTree, strategy: Strategy): void {
  for (const [name, entry] of included.entries) {
    const old = into.entries.get(name);
    if (strategy === "add-only" && old) continue;
    if (strategy === "append" && old?.value.kind === "list" && entry.value.kind === "list") {
      const items = [...old.value.items, ...entry.value.items];
      into.entries.set(name, { place: old.place, value: { ...old.value, items } });
    } else {
      into.entries.set(name, entry);
    }
  }
}
