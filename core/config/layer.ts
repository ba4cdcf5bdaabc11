import { decode, findingError } from "./decode.ts";
import { parseYaml } from "./parse-yaml.ts";
import { schema } from "./schema.ts";
import type { MapTree } from "./tree.ts";

/** Settings that are not in a file of the configuration: what the API's clients have set. */
export interface ConfigLayer {
  /** Shown where a file's name is. */
  readonly name: string;
  /** YAML. */
  readonly text: string;
}

/**
 * Puts a layer over the tree: maps key by key, everything else replaced. Throws CONFIG_INVALID for anything that the
 * schema does not allow: unlike a file, a layer is refused rather than warned about.
 */
export function applyLayer(root: MapTree, { name, text }: ConfigLayer): void {
  if (text.trim() === "") return;
  const layer = parseYaml(text, name).root;
  const [finding] = decode(schema, layer).findings;
  if (finding) throw findingError(finding);
  mergeMaps(root, layer);
}

function mergeMaps(into: MapTree, layer: MapTree): void {
  for (const [name, entry] of layer.entries) {
    const old = into.entries.get(name);
    if (old?.value.kind === "map" && entry.value.kind === "map") mergeMaps(old.value, entry.value);
    else into.entries.set(name, entry);
  }
}
