import type { Place } from "../errors.ts";

/**
 * Configuration as it was written, with where it was written. Scalars stay text until the schema gives them a type,
 * so that `no`, `0644` and `1.10` mean what their key says and not what YAML guesses.
 */
export type Tree = ScalarTree | ListTree | MapTree;

interface Written {
  readonly place: Place;
}
export interface ScalarTree extends Written {
  readonly kind: "scalar";
  text: string;
  /** Quoted values are never null. */
  readonly quoted: boolean;
  /** Some of the text came out of the environment, which makes it a secret. */
  fromEnvironment: boolean;
}
export interface ListTree extends Written {
  readonly kind: "list";
  readonly items: Tree[];
}
export interface MapTree extends Written {
  readonly kind: "map";
  readonly entries: Map<string, Entry>;
}
export interface Entry {
  value: Tree;
  /** Where the key stands. */
  readonly place: Place;
}

export const scalarTree = (text: string, place: Place, quoted = false): ScalarTree => ({
  kind: "scalar",
  text,
  quoted,
  fromEnvironment: false,
  place,
});
export const mapTree = (place: Place): MapTree => ({ kind: "map", entries: new Map(), place });

/** How the place of a value begins that came by `-o`; the key follows. */
export const COMMAND_LINE = "-o ";

/** Whether a value was left empty (`key:`), or says `~` or `null`. */
export const isNull = (tree: Tree): boolean =>
  tree.kind === "scalar" && !tree.quoted && /^(?:|~|null|Null|NULL)$/.test(tree.text);

/** The value at a dotted path of plain map keys, or undefined. */
export function at(tree: Tree, ...keys: readonly string[]): Tree | undefined {
  let here: Tree | undefined = tree;
  for (const key of keys) {
    if (here?.kind !== "map") return undefined;
    here = here.entries.get(key)?.value;
  }
  return here;
}
