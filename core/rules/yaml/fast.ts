import { YAML } from "bun";
import { parseExact } from "./exact.ts";
import type { Positions } from "./positions.ts";
import type { Mark, SourceMap, YamlNode } from "./yaml-node.ts";

type Plain = string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain };

/** A piece of the file that holds one item of the top-level sequence. */
interface Chunk {
  readonly start: number;
  readonly end: number;
  /** Keys of the item's mapping, in order. */
  readonly keys: readonly string[];
}

const EXCEPTION_KEYS = ["name", "fields", "comps", "values"];
/** Spellings of numbers that do not come back from their value: 0644, 0x1f, 1.0, 1e3, +1. */
const ODD_NUMBER = /(?:^|[\s,[])(?:0[\da-zA-Z]|[+-]|[\d_]+[._eE])/;
const ITEM_KEY = /^([A-Za-z_][\w-]*) *:(?: |$)/;

/**
 * Cuts a rule file into the items of its one sequence: lines that start with a dash begin one, indented lines
 * belong to it. Anything else (several documents, flow style, anchors of the whole) is left to the exact parser.
 */
function cut(text: string): Chunk[] | undefined {
  const chunks: { start: number; end: number; keys: string[]; indent: number }[] = [];
  let begun = false;
  for (let start = 0; start < text.length; ) {
    let end = text.indexOf("\n", start);
    if (end < 0) end = text.length;
    const first = text.charCodeAt(start);
    const line = first === 45 || first === 32 ? text.slice(start, end).replace(/\r$/, "") : "";
    if (first === 45 && line.startsWith("- ")) {
      const indent = line.length - line.slice(1).trimStart().length;
      const previous = chunks.at(-1);
      if (previous) previous.end = start;
      const key = ITEM_KEY.exec(line.slice(indent))?.[1];
      chunks.push({ start, end: text.length, keys: key ? [key] : [], indent });
      begun = true;
    } else if (first === 32) {
      const chunk = chunks.at(-1);
      if (!chunk && /[^ #]/.test(line[line.search(/\S|$/)] ?? "")) return undefined;
      if (chunk && line.charCodeAt(chunk.indent) !== 32 && line.search(/\S/) === chunk.indent) {
        const key = ITEM_KEY.exec(line.slice(chunk.indent))?.[1];
        if (key) chunk.keys.push(key);
      }
    } else if (line === "---" || text.startsWith("---", start)) {
      if (begun || text.slice(start, end).trim() !== "---") return undefined;
    } else if (first !== 35 && first !== 10 && first !== 13) return undefined;
    start = end + 1;
  }
  return chunks;
}

const isMap = (value: Plain): value is { readonly [key: string]: Plain } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Exceptions are the one place with mappings further in: their keys must occur as often as they were read. */
function sameExceptionKeys(chunk: string, exceptions: Plain): boolean {
  if (!Array.isArray(exceptions) || !exceptions.every(isMap)) return false;
  return EXCEPTION_KEYS.every((key) => {
    const written = chunk.match(new RegExp(`^ +(?:- +)?${key} *:`, "gm"))?.length ?? 0;
    const read = exceptions.filter((e: Plain) => isMap(e) && Object.hasOwn(e, key)).length;
    return written === read;
  });
}

/** One item: its plain value, and the exact nodes of its piece of text when somebody needs them. */
class Item {
  readonly value: Plain;
  readonly #positions: Positions;
  readonly #chunk: Chunk;
  readonly #whole: () => YamlNode;
  #exact: YamlNode | undefined;
  #odd: boolean | undefined;

  constructor(positions: Positions, chunk: Chunk, value: Plain, whole: () => YamlNode) {
    this.#positions = positions;
    this.#chunk = chunk;
    this.value = value;
    this.#whole = whole;
  }

  get text(): string {
    return this.#positions.text.slice(this.#chunk.start, this.#chunk.end);
  }

  /** Whether the value is sure to be what an exact reading gives: no key is repeated or was read differently. */
  get trusted(): boolean {
    if (!isMap(this.value)) return false;
    const keys = Object.keys(this.value);
    if (keys.join() !== this.#chunk.keys.join()) return false;
    return !keys.includes("exceptions") || sameExceptionKeys(this.text, this.value["exceptions"]!);
  }

  /** The text of a number in the item, where it is certain. */
  numberText(value: number): string | undefined {
    this.#odd ??= ODD_NUMBER.test(this.text.slice(1));
    return this.#odd || !Number.isSafeInteger(value) ? undefined : String(value);
  }

  exact(): YamlNode {
    if (this.#exact) return this.#exact;
    try {
      this.#exact = parseExact(this.#positions, this.text, this.#chunk.start)[0]?.items[0];
    } catch {
      // A piece that does not stand alone refers to an anchor elsewhere; then the whole file is read.
    }
    this.#exact ??= this.#whole();
    return this.#exact;
  }
}

class FastNode implements YamlNode {
  readonly #value: Plain;
  readonly #item: Item;
  readonly #exact: () => YamlNode;
  /** Keys of items name booleans where they have any; their text is what they are. */
  readonly #topLevel: boolean;

  constructor(value: Plain, item: Item, exact: () => YamlNode, topLevel: boolean) {
    this.#value = value;
    this.#item = item;
    this.#exact = exact;
    this.#topLevel = topLevel;
  }

  get kind(): YamlNode["kind"] {
    if (this.#value === null) return "null";
    if (Array.isArray(this.#value)) return "sequence";
    return typeof this.#value === "object" ? "map" : "scalar";
  }

  get text(): string {
    if (typeof this.#value === "string") return this.#value;
    if (typeof this.#value === "boolean" && this.#topLevel) return String(this.#value);
    if (typeof this.#value === "object") return "";
    const number = typeof this.#value === "number" ? this.#item.numberText(this.#value) : undefined;
    return number ?? this.#exact().text;
  }

  get mark(): Mark {
    return this.#exact().mark;
  }

  sourceMap = (): SourceMap | undefined => this.#exact().sourceMap();

  get(key: string): YamlNode | undefined {
    if (!isMap(this.#value) || !Object.hasOwn(this.#value, key)) return undefined;
    return new FastNode(this.#value[key]!, this.#item, () => this.#exact().get(key)!, true);
  }

  key(name: string): YamlNode | undefined {
    return this.#exact().key(name);
  }

  get keys(): readonly string[] {
    return isMap(this.#value) ? Object.keys(this.#value) : [];
  }

  get items(): readonly YamlNode[] {
    if (!Array.isArray(this.#value)) return [];
    return this.#value.map(
      (value: Plain, i) => new FastNode(value, this.#item, () => this.#exact().items[i]!, false),
    );
  }
}

/** The one document of a file, a sequence of items. */
class FastSequence implements YamlNode {
  readonly kind = "sequence";
  readonly text = "";
  readonly keys = [];
  readonly items: readonly YamlNode[];
  readonly #exact: () => YamlNode;

  constructor(items: readonly YamlNode[], exact: () => YamlNode) {
    this.items = items;
    this.#exact = exact;
  }

  get mark(): Mark {
    return this.#exact().mark;
  }
  sourceMap = (): undefined => undefined;
  get(): undefined {
    return undefined;
  }
  key(): undefined {
    return undefined;
  }
}

/**
 * Reads a rule file with the runtime's own YAML parser, some twenty times faster than the exact one but without
 * positions and blind to repeated keys. What is not certain from the values is read exactly, item by item, and
 * only when asked for. Nothing when the file is not of the usual form.
 */
export function parseFast(positions: Positions): YamlNode[] | undefined {
  const { text } = positions;
  const chunks = cut(text);
  if (!chunks || chunks.length === 0) return undefined;
  let values: unknown;
  try {
    values = YAML.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(values) || values.length !== chunks.length) return undefined;
  let whole: YamlNode | undefined;
  const exact = (): YamlNode => {
    whole ??= parseExact(positions, text)[0]!;
    return whole;
  };
  const nodes = (values as Plain[]).map((value, i) => {
    const item = new Item(positions, chunks[i]!, value, () => exact().items[i]!);
    return item.trusted ? new FastNode(value, item, () => item.exact(), false) : item.exact();
  });
  return [new FastSequence(nodes, exact)];
}
