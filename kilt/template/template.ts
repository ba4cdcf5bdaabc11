import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import { FalcoError } from "../../core/errors.ts";

const MAX_TEXT = 4 << 20;

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * A YAML or JSON text (JSON is read as the flow style of YAML) whose nodes know where they stand, and
 * the edits that were asked for. Only edited ranges change: everything else stays byte for byte.
 */
export class Template {
  readonly name: string;
  readonly text: string;
  readonly root: YAMLMap | YAMLSeq;
  /** Every collection is in flow style and every key quoted, so what is added must be JSON too. */
  readonly isJson: boolean;
  readonly newline: string;
  readonly #lines: LineCounter;
  readonly #edits: Edit[] = [];

  /** Throws a FalcoError with the place of the first thing that is neither YAML nor JSON. */
  constructor(name: string, text: string) {
    this.name = name;
    this.text = text;
    this.#lines = new LineCounter();
    if (text.length > MAX_TEXT) {
      throw new FalcoError("TEMPLATE_INVALID", `Cannot read ${name}: longer than ${MAX_TEXT} characters`);
    }
    this.newline = text.includes("\r\n") ? "\r\n" : "\n";
    this.root = this.#parse();
    this.isJson = isJson(text);
  }

  #parse(): YAMLMap | YAMLSeq {
    // A BOM is a blank to the eye and shifts every position: it is read as one and stays in the text.
    const readable = this.text.replace(/^\ufeff/, " ");
    const document = parseSafely(this.name, () =>
      parseDocument(readable, {
        lineCounter: this.#lines,
        logLevel: "silent",
        prettyErrors: false,
        keepSourceTokens: true,
      }),
    );
    const problem = document.errors[0];
    if (problem) throw this.errorAt(problem.pos[0], `Cannot read template: ${problem.message}`);
    const root = document.contents;
    if (!isMap(root) && !isSeq(root)) throw this.errorAt(0, "Cannot read template: expected an object");
    return root;
  }

  errorAt(offset: number, message: string, hint?: string): FalcoError {
    const { line, col } = this.#lines.linePos(Math.min(offset, this.text.length));
    const excerpt = this.text.split("\n")[line - 1]?.replace(/\r$/, "") ?? "";
    const place = { file: this.name, line: Math.max(line, 1), column: Math.max(col, 1) };
    return new FalcoError("TEMPLATE_INVALID", message, { place, excerpt, ...(hint ? { hint } : {}) });
  }

  error(node: Node, message: string, hint?: string): FalcoError {
    return this.errorAt(node.range?.[0] ?? 0, message, hint);
  }

  edit(start: number, end: number, text: string): void {
    this.#edits.push({ start, end, text });
  }

  get edited(): boolean {
    return this.#edits.length > 0;
  }

  /** The text with all edits made; those at one position stand in the order they were asked for. */
  result(): string {
    const sorted = this.#edits
      .map((edit, order) => ({ ...edit, order }))
      .sort((a, b) => a.start - b.start || a.end - b.end || a.order - b.order);
    let out = "";
    let at = 0;
    for (const { start, end, text } of sorted) {
      if (start < at) throw new Error(`edits of ${this.name} overlap at ${start}`);
      out += this.text.slice(at, start) + text;
      at = end;
    }
    return out + this.text.slice(at);
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text.replace(/^\ufeff/, ""));
    return true;
  } catch {
    // Not being JSON is an answer, not a failure.
    return false;
  }
}

function parseSafely<T>(name: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new FalcoError("TEMPLATE_INVALID", `Cannot read ${name}: nested too deeply`, { cause: error });
  }
}

/** The pair of a key, of an object without a tag of its own. */
export function pairOf(node: Node | null | undefined, key: string): Pair<Node, Node | null> | undefined {
  if (!isMap(node) || isTagged(node)) return undefined;
  return node.items.find((pair) => isScalar(pair.key) && pair.key.value === key) as
    | Pair<Node, Node | null>
    | undefined;
}

export const fieldOf = (node: Node | null | undefined, key: string): Node | undefined =>
  pairOf(node, key)?.value ?? undefined;

/** A short form of an intrinsic function, such as `!Ref`. */
export const isTagged = (node: Node): boolean =>
  !isAlias(node) && typeof node.tag === "string" && node.tag.startsWith("!");

/** The items of a plain list; undefined for anything else. */
export const itemsOf = (node: Node | null | undefined): Node[] | undefined =>
  isSeq(node) && !isTagged(node) ? (node.items as Node[]) : undefined;

/** Text that is written as text. Numbers, booleans and null are not. */
export const stringOf = (node: Node | null | undefined): string | undefined =>
  isScalar(node) && !isTagged(node) && typeof node.value === "string" ? node.value : undefined;
