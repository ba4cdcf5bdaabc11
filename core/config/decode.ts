import type { Place } from "../errors.ts";
import { FalcoError } from "../errors.ts";
import { nearest } from "../nearest.ts";
import type { AnyKey, EitherKey, Json, Key, ListKey, NumberKey, ObjectKey, TextKey } from "./declare.ts";
import { toBool, toInteger, toNumber } from "./scalar.ts";
import type { ListTree, MapTree, ScalarTree, Tree } from "./tree.ts";
import { COMMAND_LINE, isNull } from "./tree.ts";

/** Something in a configuration that the schema does not allow. */
export interface Finding {
  /** Key path as `-o` takes it: `plugins[0].name`. */
  readonly key: string;
  /** Path in the form of the schema validation line: `<root>["plugins"][0]`. */
  readonly context: string;
  /** The sentence of the schema validation line; existing tooling looks for these words. */
  readonly rule: string;
  /** The sentence for people. */
  readonly message: string;
  readonly hint?: string;
  readonly place: Place;
  /** The value cannot be understood at all, so the program must not start with it. */
  readonly fatal: boolean;
}

const RULES = {
  type: "Value type not permitted by 'type' constraint.",
  enum: "Failed to match against any enum values.",
  minProperties: "Object should have no fewer than 1 properties.",
  items: "Failed to validate against any child schemas allowed by oneOf constraint.",
} as const;

/**
 * Gives a tree the types its declaration asks for. What is wrong is collected, innermost and alphabetically first as a
 * JSON Schema validator would report it; a wrong scalar then counts as absent.
 */
export function decode(
  key: Key,
  tree: Tree | undefined,
): { readonly value: unknown; readonly findings: readonly Finding[] } {
  const decoder = new Decoder();
  const value = decoder.value(key, tree, "", "<root>");
  return { value, findings: decoder.findings };
}

/** The finding as an error that stops the program. */
export const findingError = (finding: Finding): FalcoError =>
  new FalcoError("CONFIG_INVALID", finding.message, {
    place: finding.place,
    ...(finding.hint ? { hint: finding.hint } : {}),
  });

const describe = { scalar: "a single value", list: "a list", map: "a map" } as const;

class Decoder {
  readonly findings: Finding[] = [];

  value(key: Key, given: Tree | undefined, path: string, context: string): unknown {
    const tree = given && isNull(given) ? undefined : given;
    switch (key.kind) {
      case "object":
        return this.#object(key, tree, path, context);
      case "list":
        return tree ? this.#list(key, tree, path, context) : key.absent;
      case "either":
        return tree ? this.#either(key, tree, path, context) : key.text.absent;
      case "map":
        return tree ? this.#map(tree, path, context) : key.absent;
      case "any":
        return tree ? this.#any(key, tree) : key.absent;
      default:
        if (!tree) return key.absent;
        if (tree.kind !== "scalar") {
          this.#wrongShape("a single value", tree, path, context);
          return key.absent;
        }
        if (key.kind === "text") return this.#text(key, tree, path, context);
        if (key.kind === "bool")
          return this.#scalar(toBool(tree.text), "true or false", key, tree, path, context);
        return this.#number(key, tree, path, context);
    }
  }

  #report(finding: Omit<Finding, "fatal"> & { fatal?: boolean }): void {
    this.findings.push({ fatal: false, ...finding });
  }

  #wrongShape(wanted: string, tree: Tree, path: string, context: string): void {
    this.#report({
      key: path,
      context,
      rule: RULES.type,
      message: `Invalid "${path || "configuration"}": expected ${wanted}, found ${describe[tree.kind]}`,
      place: tree.place,
      fatal: true,
    });
  }

  #scalar<T>(
    value: T | undefined,
    wanted: string,
    key: { readonly absent: T },
    tree: ScalarTree,
    path: string,
    context: string,
    rule: string = RULES.type,
  ): T {
    if (value !== undefined) return value;
    const message = `Invalid "${path}": expected ${wanted}, found "${shown(tree)}"; using ${JSON.stringify(key.absent)}`;
    this.#report({ key: path, context, rule, message, place: tree.place });
    return key.absent;
  }

  #number(key: NumberKey, tree: ScalarTree, path: string, context: string): number {
    const value = key.kind === "integer" ? toInteger(tree.text) : toNumber(tree.text);
    const { minimum, maximum } = key;
    if (value !== undefined && minimum !== undefined && value < minimum) {
      const rule = `Expected number greater than or equal to ${minimum.toFixed(6)}`;
      return this.#scalar(undefined, `at least ${minimum}`, key, tree, path, context, rule);
    }
    if (value !== undefined && maximum !== undefined && value > maximum) {
      const rule = `Expected number less than or equal to ${maximum.toFixed(6)}`;
      return this.#scalar(undefined, `at most ${maximum}`, key, tree, path, context, rule);
    }
    return this.#scalar(value, key.kind === "integer" ? "an integer" : "a number", key, tree, path, context);
  }

  #text(key: TextKey, tree: ScalarTree, path: string, context: string): string {
    if (!key.choices) return tree.text;
    const { what, words, aliases = {}, gone = {}, strict } = key.choices;
    const word = tree.text.toLowerCase();
    const known = Object.hasOwn(aliases, word)
      ? aliases[word]
      : words.find((candidate) => candidate === word);
    if (known !== undefined) return known;
    const why = Object.hasOwn(gone, word) ? gone[word] : undefined;
    const near = why === undefined ? nearest(word, words) : undefined;
    this.#report({
      key: path,
      context,
      rule: RULES.enum,
      message:
        why === undefined
          ? `Unknown ${what} "${shown(tree)}"--must be one of ${words.join(", ")}`
          : `The ${what} "${word}" is not supported: ${why}`,
      ...(near ? { hint: `did you mean "${near}"?` } : {}),
      place: tree.place,
      // The reference goes on with the default for those words that its schema lists.
      fatal: !strict || what === "capture mode",
    });
    return key.absent;
  }

  #list(key: ListKey, tree: Tree, path: string, context: string): unknown[] {
    // A single word where a list belongs is a list of one: `config_files: a.yaml`.
    if (tree.kind === "scalar") {
      const item = this.value(key.item, tree, `${path}[0]`, `${context}[0]`);
      if (tree.place.file.startsWith(COMMAND_LINE)) return [item];
      const message = `Invalid "${path}": expected a list, found a single value; taking it as a list of one`;
      this.#report({ key: path, context, rule: RULES.type, message, place: tree.place });
      return [item];
    }
    if (tree.kind === "map") {
      // Read as the reference reads it: a map has no items.
      const message = `Invalid "${path}": expected a list, found a map; taking it as an empty list`;
      this.#report({ key: path, context, rule: RULES.type, message, place: tree.place });
      return [];
    }
    return (tree as ListTree).items.map((item, i) =>
      this.value(key.item, item, `${path}[${i}]`, `${context}[${i}]`),
    );
  }

  #either(key: EitherKey, tree: Tree, path: string, context: string): unknown {
    if (tree.kind === "scalar") return this.value(key.text, tree, path, context);
    return this.value(key.object, tree, path, context);
  }

  #map(tree: Tree, path: string, context: string): Record<string, string> {
    if (tree.kind !== "map") {
      this.#wrongShape("a map", tree, path, context);
      return {};
    }
    const pairs: [string, string][] = [];
    for (const [name, { value }] of tree.entries) {
      if (value.kind === "scalar") pairs.push([name, value.text]);
      else this.#wrongShape("a single value", value, `${path}.${escapeKey(name)}`, `${context}["${name}"]`);
    }
    return Object.fromEntries(pairs);
  }

  #any(key: AnyKey, tree: Tree): Json {
    return toJson(tree) ?? key.absent;
  }

  #object(key: ObjectKey, tree: Tree | undefined, path: string, context: string): Record<string, unknown> {
    if (tree && tree.kind !== "map") {
      this.#wrongShape("a map", tree, path, context);
      return this.#object(key, undefined, path, context);
    }
    const entries = (tree as MapTree | undefined)?.entries;
    const prefix = path && `${path}.`;
    if (tree && key.nonEmpty && entries?.size === 0) {
      const message = `Invalid "${path}": expected at least one key, found none`;
      this.#report({ key: path, context, rule: RULES.minProperties, message, place: tree.place });
    }
    const out: Record<string, unknown> = {};
    for (const name of Object.keys(key.keys).sort()) {
      const value = entries?.get(name)?.value;
      out[name] = this.value(key.keys[name]!, value, prefix + name, `${context}["${name}"]`);
    }
    if (entries) this.#unknownAndMissing(key, entries, tree!.place, path, context);
    return out;
  }

  #unknownAndMissing(
    key: ObjectKey,
    entries: MapTree["entries"],
    place: Place,
    path: string,
    context: string,
  ): void {
    for (const [name, entry] of entries) {
      if (Object.hasOwn(key.keys, name)) continue;
      const near = nearest(name, Object.keys(key.keys));
      this.#report({
        key: (path && `${path}.`) + escapeKey(name),
        context,
        rule: `Object contains a property that could not be validated using 'properties' or 'additionalProperties' constraints: '${name}'.`,
        message: `Unknown key "${(path && `${path}.`) + name}": it is ignored`,
        ...(near ? { hint: `did you mean "${near}"?` } : {}),
        place: entry.place,
      });
    }
    for (const name of key.required) {
      if (entries.has(name)) continue;
      const rule = `Missing required property '${name}'.`;
      this.#report({
        key: path,
        context,
        rule,
        message: `Invalid "${path}": the key "${name}" is missing`,
        place,
      });
    }
  }
}

/** What a message may repeat of a value: nothing that came out of the environment. */
const shown = (tree: ScalarTree): string => (tree.fromEnvironment ? "<hidden>" : tree.text);

/** A key's name as `-o` wants it written: dots, brackets and backslashes escaped. */
export const escapeKey = (name: string): string => name.replaceAll(/[\\.[\]]/g, "\\$&");

/** A tree as JSON, with YAML 1.1's guesses at numbers and truth values. */
export function toJson(tree: Tree): Json {
  if (tree.kind === "list") return tree.items.map(toJson);
  if (tree.kind === "map") {
    return Object.fromEntries([...tree.entries].map(([name, entry]) => [name, toJson(entry.value)]));
  }
  if (isNull(tree)) return null;
  if (tree.quoted) return tree.text;
  return toInteger(tree.text) ?? toNumber(tree.text) ?? toBool(tree.text) ?? tree.text;
}
