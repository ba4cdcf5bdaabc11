import { type Includes, noIncludes, readInclude } from "./include.ts";
import { combine, mergeFields, type Node, type ObjectNode, type ScalarNode } from "./node.ts";
import { readPath } from "./path.ts";
import { Scanner } from "./scanner.ts";
import type { At, Source } from "./source.ts";

const MAX_TEXT = 1 << 20;
const MAX_NESTING = 64;
const MAX_VALUES = 20_000;
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/** Where the object being read stands: substitutions of an included text are searched from there first. */
interface Context {
  readonly path: readonly string[];
  readonly depth: number;
}

/**
 * Parses HOCON (github.com/lightbend/config, HOCON.md) without filling in substitutions. Nothing of the
 * text is ever run. Throws a FalcoError with line and column on the first thing that is not HOCON, on
 * more than 1 MiB of text, and on 20,000 values or 64 levels.
 */
export function parseHocon(
  source: Source,
  includes: Includes = noIncludes,
  prefix: readonly string[] = [],
): ObjectNode {
  return new Parser(source, includes, prefix).document();
}

class Parser {
  readonly #scan: Scanner;
  readonly #includes: Includes;
  readonly #prefix: readonly string[];
  #values = 0;

  constructor(source: Source, includes: Includes, prefix: readonly string[]) {
    this.#scan = new Scanner(source);
    this.#includes = includes;
    this.#prefix = prefix;
    if (source.text.length > MAX_TEXT) {
      this.#scan.fail(
        `Cannot read ${source.name}: ${source.text.length} characters, at most ${MAX_TEXT} are read`,
      );
    }
  }

  document(): ObjectNode {
    const scan = this.#scan;
    scan.gap();
    const context = { path: this.#prefix, depth: 0 };
    if (scan.peek() === "[") scan.fail("Cannot read definition: it is a list, expected an object");
    if (scan.peek() !== "{") return this.#fields(context, "", scan.at);
    const object = this.#object(context);
    scan.gap();
    if (!scan.done) scan.fail(`Cannot read text: unexpected "${scan.peek()}" after the closing brace`);
    return object;
  }

  #object(context: Context): ObjectNode {
    const at = this.#scan.at;
    this.#scan.offset++;
    return this.#fields(context, "}", at);
  }

  /** Fields up to `close`; an empty `close` means the end of the text. */
  #fields(context: Context, close: string, at: At): ObjectNode {
    const scan = this.#scan;
    let fields = new Map<string, Node>();
    scan.gap();
    while (!this.#closes(close, at)) {
      const include = readInclude(scan);
      if (include) {
        const included = this.#includes.load(include, scan.source);
        if (included)
          fields = mergeFields(fields, parseHocon(included.source, included.includes, context.path).fields);
      } else {
        const [key, node] = this.#field(context);
        fields.set(key, combine(fields.get(key), node));
      }
      this.#separator(close);
    }
    return { kind: "object", fields, at };
  }

  #closes(close: string, start: At): boolean {
    const scan = this.#scan;
    if (scan.done) {
      if (close)
        scan.fail(`Cannot read text: the "${close === "}" ? "{" : "["}" is never closed`, undefined, start);
      return true;
    }
    if (close && scan.take(close)) return true;
    if (scan.peek() === ",") scan.fail("Cannot read text: a comma with nothing before it");
    return false;
  }

  /** What stands between two fields or items: a newline, one comma, or both; or the end. */
  #separator(close: string): void {
    const scan = this.#scan;
    const newline = scan.gap();
    if (scan.take(",")) scan.gap();
    else if (!newline && !scan.done && scan.peek() !== close) {
      const hint =
        scan.peek() === ":" || scan.peek() === "="
          ? "put text that holds this character in quotes"
          : "separate values by a comma or a newline, and put text with special characters in quotes";
      scan.fail(`Cannot read value: unexpected "${scan.peek()}"`, hint);
    }
  }

  #field(context: Context): [string, Node] {
    const scan: Scanner = this.#scan;
    const at = scan.at;
    const path = readPath(scan);
    const inner = { path: [...context.path, ...path], depth: context.depth };
    scan.blanks();
    let node: Node;
    if (scan.peek() === "{") node = this.#value(inner);
    else if (scan.take("+=")) {
      scan.gap();
      const item = this.#value(inner);
      node = {
        kind: "concat",
        parts: [
          { kind: "previous", at },
          { kind: "array", items: [item], at },
        ],
        at,
      };
    } else if (scan.take(":") || scan.take("=")) {
      scan.gap();
      node = this.#value(inner);
    } else {
      const found = scan.done ? "the end of the text" : JSON.stringify(scan.peek());
      scan.fail(`Cannot read field "${path.join(".")}": expected ":", "=", "+=" or "{", found ${found}`);
    }
    for (const key of path.slice(1).reverse()) node = { kind: "object", fields: new Map([[key, node]]), at };
    return [path[0]!, node];
  }

  #value(context: Context): Node {
    const scan = this.#scan;
    const at = scan.at;
    if (++this.#values > MAX_VALUES) scan.fail(`Cannot read value: more than ${MAX_VALUES} values`);
    if (context.depth >= MAX_NESTING) scan.fail(`Cannot read value: more than ${MAX_NESTING} levels`);
    const parts: Node[] = [];
    for (;;) {
      const spaceAt = scan.at;
      const blanks = scan.blanks();
      if (scan.done || scan.atComment || "\n,]}".includes(scan.peek())) break;
      const part = this.#part({ path: context.path, depth: context.depth + 1 });
      if (!part) break;
      if (parts.length > 0) parts.push({ kind: "scalar", type: "space", text: blanks, at: spaceAt });
      parts.push(part);
    }
    if (parts.length === 0) {
      const found = scan.done ? "the end of the text" : JSON.stringify(scan.peek());
      scan.fail(`Cannot read value: expected one, found ${found}`);
    }
    if (parts.length > 1) return { kind: "concat", parts, at };
    return parts[0]!;
  }

  #part(context: Context): Node | undefined {
    const scan = this.#scan;
    const at = scan.at;
    const char = scan.peek();
    if (char === "{") return this.#object(context);
    if (char === "[") return this.#array(context);
    if (char === '"') return { kind: "scalar", type: "string", text: scan.quoted(), at };
    if (scan.take("${")) return this.#substitution(at);
    const text = scan.bare();
    return text === "" ? undefined : word(text, at);
  }

  #substitution(at: At): Node {
    const scan = this.#scan;
    const optional = scan.take("?");
    const path = readPath(scan);
    if (!scan.take("}"))
      scan.fail("Cannot read substitution: expected }", `a substitution is \${path} or \${?path}`);
    return { kind: "substitution", path, optional, prefix: this.#prefix, at };
  }

  #array(context: Context): Node {
    const scan = this.#scan;
    const at = scan.at;
    scan.offset++;
    scan.gap();
    const items: Node[] = [];
    // Inside a list there is no path that an included text could be searched from.
    while (!this.#closes("]", at)) {
      items.push(this.#value({ path: [], depth: context.depth }));
      this.#separator("]");
    }
    return { kind: "array", items, at };
  }
}

function word(text: string, at: At): ScalarNode {
  const type =
    text === "true" || text === "false"
      ? "boolean"
      : text === "null"
        ? "null"
        : NUMBER.test(text)
          ? "number"
          : "string";
  return { kind: "scalar", type, text, at };
}
