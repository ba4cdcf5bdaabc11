import type { At } from "./source.ts";

/**
 * What a HOCON text says before substitutions are filled in. `ScalarNode`, and objects and arrays that
 * hold nothing else, are also what remains afterwards (`Resolved`).
 */
export type Node =
  | ScalarNode
  | ObjectNode
  | ArrayNode
  | ConcatNode
  | SubstitutionNode
  | MergeNode
  | PreviousNode;

/** `text` is what was written: numbers keep their digits, so that 1.0 joined to a string stays 1.0. */
export interface ScalarNode {
  readonly kind: "scalar";
  readonly type: "string" | "number" | "boolean" | "null" | "space";
  readonly text: string;
  readonly at: At;
}

export interface ObjectNode {
  readonly kind: "object";
  /** A Map, so that a key such as `__proto__` is a key like any other. */
  readonly fields: ReadonlyMap<string, Node>;
  readonly at: At;
}

export interface ArrayNode {
  readonly kind: "array";
  readonly items: readonly Node[];
  readonly at: At;
}

/** Values standing side by side on one line; scalars of type "space" keep the blanks between them. */
export interface ConcatNode {
  readonly kind: "concat";
  readonly parts: readonly Node[];
  readonly at: At;
}

/** `${path}` or `${?path}`. `prefix` is where the text was included, which is searched first. */
export interface SubstitutionNode {
  readonly kind: "substitution";
  readonly path: readonly string[];
  readonly optional: boolean;
  readonly prefix: readonly string[];
  readonly at: At;
}

/** Values given to one key, earliest first, kept while a later one may need an earlier one. */
export interface MergeNode {
  readonly kind: "merge";
  readonly layers: readonly Node[];
  readonly at: At;
}

/** The value a key had before: what `+=` appends to. */
export interface PreviousNode {
  readonly kind: "previous";
  readonly at: At;
}

export interface ResolvedObject {
  readonly kind: "object";
  readonly fields: ReadonlyMap<string, Resolved>;
  readonly at: At;
}
export interface ResolvedArray {
  readonly kind: "array";
  readonly items: readonly Resolved[];
  readonly at: At;
}
export type Resolved = ScalarNode | ResolvedObject | ResolvedArray;

/** Gives a key a further value: objects merge, scalars replace, anything else waits for resolution. */
export function combine(low: Node | undefined, high: Node): Node {
  if (!low || high.kind === "scalar") return high;
  if (low.kind === "object" && high.kind === "object") {
    return { kind: "object", fields: mergeFields(low.fields, high.fields), at: high.at };
  }
  if (low.kind !== "merge") return { kind: "merge", layers: [low, high], at: high.at };
  const last = low.layers.at(-1)!;
  const layers =
    last.kind === "object" && high.kind === "object"
      ? [...low.layers.slice(0, -1), combine(last, high)]
      : [...low.layers, high];
  return { kind: "merge", layers, at: high.at };
}

/** The fields of two objects as one; neither is changed, so a parsed text can be laid over many others. */
export function mergeFields(
  low: ReadonlyMap<string, Node>,
  high: ReadonlyMap<string, Node>,
): Map<string, Node> {
  const fields = new Map(low);
  for (const [key, node] of high) fields.set(key, combine(fields.get(key), node));
  return fields;
}
