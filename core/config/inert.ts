import type { Key } from "./declare.ts";
import { decode } from "./decode.ts";
import { schema } from "./schema.ts";
import type { MapTree, Tree } from "./tree.ts";

/** A sentence for each setting that is accepted but has no effect here, where it asks for something else than usual. */
export function inertSettings(root: MapTree): string[] {
  const out: string[] = [];
  const walk = (key: Key, tree: Tree | undefined, path: string): void => {
    if (!tree) return;
    if (key.kind === "object") {
      if (tree.kind !== "map") return;
      for (const [name, child] of Object.entries(key.keys)) {
        walk(child, tree.entries.get(name)?.value, path ? `${path}.${name}` : name);
      }
      return;
    }
    if (!key.inert || !("initial" in key)) return;
    if (JSON.stringify(decode(key, tree).value) === JSON.stringify(key.initial)) return;
    out.push(`"${path}" has no effect: ${key.inert}`);
  };
  walk(schema, root, "");
  return out;
}
