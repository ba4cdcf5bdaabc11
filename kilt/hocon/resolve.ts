import type {
  ArrayNode,
  ConcatNode,
  MergeNode,
  Node,
  ObjectNode,
  Resolved,
  ResolvedArray,
  ResolvedObject,
  ScalarNode,
  SubstitutionNode,
} from "./node.ts";
import { combine } from "./node.ts";
import { type At, hoconError } from "./source.ts";

const MAX_STEPS = 100_000;
const MAX_DEPTH = 200;
const MAX_CHARACTERS = 4 << 20;

export interface ResolveOptions {
  /** What substitutions fall back to when the text itself does not have the path. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Text of a list item that is nothing but an undefined `${?path}`; undefined leaves the item out. */
  readonly absentItem?: (path: readonly string[]) => string | undefined;
  /** Fields of the root to fill in; the others are filled in only where these need them. */
  readonly only?: readonly string[];
}

/**
 * Fills in every substitution of a parsed text. Throws a FalcoError with line and column for paths that
 * are not there, cycles, values that cannot stand side by side, and for texts that grow out of bounds
 * while being filled in.
 */
export function resolveHocon(root: ObjectNode, options: ResolveOptions = {}): ResolvedObject {
  return new Resolver(root, options).root();
}

/** Gives the value that the current key had before; `+=` asks for it. */
type Below = () => Resolved | undefined;

class Resolver {
  readonly #root: ObjectNode;
  readonly #options: ResolveOptions;
  /** Nodes being resolved; for a merge, the index of the layer at work: a reference back to it sees only those below. */
  readonly #active = new Map<Node, number>();
  #steps = 0;
  #depth = 0;
  #characters = 0;

  constructor(root: ObjectNode, options: ResolveOptions) {
    this.#root = root;
    this.#options = options;
  }

  root(): ResolvedObject {
    const { only } = this.#options;
    if (!only) return this.#object(this.#root);
    const fields = new Map([...this.#root.fields].filter(([key]) => only.includes(key)));
    return this.#object({ ...this.#root, fields });
  }

  #resolve(node: Node, below?: Below): Resolved | undefined {
    if (++this.#steps > MAX_STEPS) throw hoconError(node.at, `Cannot fill in: more than ${MAX_STEPS} steps`);
    if (this.#depth >= MAX_DEPTH) throw hoconError(node.at, `Cannot fill in: more than ${MAX_DEPTH} levels`);
    this.#depth++;
    try {
      return this.#byKind(node, below);
    } finally {
      this.#depth--;
    }
  }

  #byKind(node: Node, below?: Below): Resolved | undefined {
    switch (node.kind) {
      case "scalar":
        return this.#counted(node);
      case "object":
        return this.#object(node);
      case "array":
        return this.#array(node);
      case "previous":
        return below?.();
      case "concat":
        return this.#concat(node, below);
      case "merge":
        return this.#merge(node, this.#active.get(node) ?? node.layers.length);
      case "substitution":
        return this.#substitution(node);
    }
  }

  #counted(node: ScalarNode): ScalarNode {
    this.#characters += node.text.length;
    if (this.#characters > MAX_CHARACTERS) {
      throw hoconError(node.at, `Cannot fill in: the text grows beyond ${MAX_CHARACTERS} characters`);
    }
    return node;
  }

  #object(node: ObjectNode): ResolvedObject {
    const fields = new Map<string, Resolved>();
    for (const [key, field] of node.fields) {
      this.#refuseCycle(field);
      const value = this.#resolve(field);
      if (value) fields.set(key, value);
    }
    return { kind: "object", fields, at: node.at };
  }

  #array(node: ArrayNode): ResolvedArray {
    const items: Resolved[] = [];
    for (const item of node.items) {
      this.#refuseCycle(item);
      const value = this.#resolve(item) ?? this.#absentItem(item);
      if (value) items.push(value);
    }
    return { kind: "array", items, at: node.at };
  }

  /** A value that is being filled in and now stands inside itself has no end. */
  #refuseCycle(node: Node): void {
    if (!this.#active.has(node) || node.kind === "merge") return;
    if (node.kind === "substitution" && node.optional) return;
    throw hoconError(node.at, "Cannot fill in: the value would hold itself");
  }

  #absentItem(item: Node): ScalarNode | undefined {
    if (item.kind !== "substitution") return undefined;
    const text = this.#options.absentItem?.(item.path);
    return text === undefined ? undefined : { kind: "scalar", type: "string", text, at: item.at };
  }

  /** The first `limit` layers as one value: the latest wins, objects merge as far down as there are objects. */
  #merge(node: MergeNode, limit: number): Resolved | undefined {
    const before = this.#active.get(node);
    let result: Resolved | undefined;
    try {
      for (let i = limit - 1; i >= 0; i--) {
        const layer = node.layers[i]!;
        // Only a substitution or concatenation refers to its own past; inside an object all layers count.
        if (layer.kind === "object") this.#restore(node, before);
        else this.#active.set(node, i);
        const value = this.#resolve(layer, () => this.#merge(node, i));
        if (!value) continue;
        result =
          result?.kind === "object" && value.kind === "object" ? overlay(value, result) : (result ?? value);
        if (value.kind !== "object" || result.kind !== "object") break;
      }
    } finally {
      this.#restore(node, before);
    }
    return result;
  }

  #restore(node: Node, before: number | undefined): void {
    if (before === undefined) this.#active.delete(node);
    else this.#active.set(node, before);
  }

  #substitution(node: SubstitutionNode): Resolved | undefined {
    // Met again while looking for itself: it has no value yet, so whoever asks falls back to earlier ones.
    if (this.#active.has(node)) return undefined;
    this.#active.set(node, 0);
    let value: Resolved | undefined;
    try {
      if (node.prefix.length > 0) value = this.#lookUp([...node.prefix, ...node.path]);
      value ??= this.#lookUp(node.path) ?? this.#fromEnvironment(node);
    } finally {
      this.#active.delete(node);
    }
    if (value || node.optional) return value;
    const path = node.path.join(".");
    throw hoconError(
      node.at,
      `Cannot fill in \${${path}}: it is not defined, or only by itself`,
      `write \${?${path}} if it may be missing`,
    );
  }

  #fromEnvironment(node: SubstitutionNode): ScalarNode | undefined {
    const text = this.#options.env?.[node.path.join(".")];
    return text === undefined
      ? undefined
      : this.#counted({ kind: "scalar", type: "string", text, at: node.at });
  }

  #lookUp(path: readonly string[]): Resolved | undefined {
    let node: Node | undefined = this.#root;
    for (const key of path) {
      node = node && this.#child(node, key);
    }
    return node && this.#resolve(node);
  }

  /** A field of a value, filling in no more of the value than finding the field needs. */
  #child(node: Node, key: string): Node | undefined {
    if (node.kind === "object") return node.fields.get(key);
    if (node.kind !== "merge") {
      const value = node.kind === "scalar" ? undefined : this.#resolve(node);
      return value?.kind === "object" ? value.fields.get(key) : undefined;
    }
    const before = this.#active.get(node);
    const found: Node[] = [];
    try {
      for (let i = (before ?? node.layers.length) - 1; i >= 0; i--) {
        const layer = node.layers[i]!;
        this.#active.set(node, i);
        const value = layer.kind === "object" ? layer : this.#resolve(layer, () => this.#merge(node, i));
        if (!value) continue;
        if (value.kind !== "object") break;
        const field = value.fields.get(key);
        if (field) found.unshift(field);
        // A plain value ends the search: nothing below could show through it.
        if (field?.kind === "scalar") break;
      }
    } finally {
      this.#restore(node, before);
    }
    return found.reduce<Node | undefined>((low, high) => combine(low, high), undefined);
  }

  #concat(node: ConcatNode, below?: Below): Resolved | undefined {
    if (this.#active.has(node)) return undefined;
    this.#active.set(node, 0);
    try {
      const values = node.parts.map((part) => ({ part, value: this.#resolve(part, below) }));
      const solid = values.filter(({ part, value }) => value && !isBlank(part));
      if (solid.length === 0) return undefined;
      if (solid.some(({ value }) => value!.kind !== "scalar")) {
        return joinStructures(solid.map(({ value }) => value!));
      }
      const text = values.map(({ value }) => (value as ScalarNode | undefined)?.text ?? "").join("");
      return this.#counted({ kind: "scalar", type: "string", text, at: node.at });
    } finally {
      this.#active.delete(node);
    }
  }
}

const isBlank = (node: Node): boolean => node.kind === "scalar" && node.type === "space";

function overlay(low: ResolvedObject, high: ResolvedObject): ResolvedObject {
  const fields = new Map(low.fields);
  for (const [key, value] of high.fields) {
    const under = fields.get(key);
    fields.set(key, under?.kind === "object" && value.kind === "object" ? overlay(under, value) : value);
  }
  return { kind: "object", fields, at: high.at };
}

function joinStructures(values: readonly Resolved[]): Resolved {
  const at: At = values[0]!.at;
  if (values.every((value) => value.kind === "object")) return values.reduce(overlay);
  const items = values.flatMap((value) => {
    const list = listOf(value);
    if (list) return list;
    const kinds = values.map((other) =>
      other.kind === "scalar" ? "text" : other.kind === "array" ? "list" : "object",
    );
    throw hoconError(
      value.at,
      `Cannot join ${[...new Set(kinds)].join(" and ")}: values side by side are all lists, all objects or all text`,
    );
  });
  return { kind: "array", items, at };
}

/** The items of a list, or of an object whose keys are numbers ("0", "1", …), which counts as one. */
export function listOf(value: Resolved): readonly Resolved[] | undefined {
  if (value.kind === "array") return value.items;
  if (value.kind !== "object") return undefined;
  const numbered = [...value.fields].filter(([key]) => /^\d{1,9}$/.test(key));
  if (numbered.length === 0) return undefined;
  return numbered.sort(([a], [b]) => Number(a) - Number(b)).map(([, item]) => item);
}
