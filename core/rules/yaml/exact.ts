import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  parseAllDocuments,
  type Scalar,
  type YAMLParseError,
} from "yaml";
import type { Positions } from "./positions.ts";
import { scalarSourceMap } from "./scalar-source.ts";
import { type Mark, type SourceMap, type YamlNode, YamlSyntaxError } from "./yaml-node.ts";

/** Wording of the reference's YAML library for what ours reports by code. */
const SYNTAX_MESSAGES: Readonly<Record<string, string>> = {
  BLOCK_AS_IMPLICIT_KEY: "illegal map value",
  BAD_ALIAS: "the referenced anchor is not defined",
  BAD_DQ_ESCAPE: "unknown escape character: ",
  BAD_INDENT: "end of sequence not found",
  BAD_SCALAR_START: "unknown token",
  MISSING_CHAR: "end of map not found",
  TAB_AS_INDENT: "illegal tab when looking for indentation",
  MULTILINE_IMPLICIT_KEY: "illegal map value",
  BLOCK_IN_FLOW: "illegal block entry",
  UNEXPECTED_TOKEN: "end of map not found",
};

const NULL_TEXT = /^(?:|~|null|Null|NULL)$/;

/** A file read by the library that keeps every position. */
class ExactFile {
  readonly positions: Positions;
  /** What of the file was parsed starts here. */
  readonly base: number;
  readonly text: string;

  constructor(positions: Positions, base: number, text: string) {
    this.positions = positions;
    this.base = base;
    this.text = text;
  }

  mark(offset: number): Mark {
    return this.positions.mark(this.base + offset);
  }
}

class ExactNode implements YamlNode {
  readonly #file: ExactFile;
  readonly #node: unknown;
  readonly #document: Document;

  constructor(file: ExactFile, document: Document, node: unknown) {
    this.#file = file;
    this.#document = document;
    this.#node = isAlias(node) ? node.resolve(document) : node;
  }

  #wrap(node: unknown): ExactNode {
    return new ExactNode(this.#file, this.#document, node);
  }

  get kind(): YamlNode["kind"] {
    const node = this.#node;
    if (isMap(node)) return "map";
    if (isSeq(node)) return "sequence";
    if (!isScalar(node)) return "null";
    return node.type === "PLAIN" && !node.tag && NULL_TEXT.test(String(node.value)) ? "null" : "scalar";
  }

  get text(): string {
    return isScalar(this.#node) ? String(this.#node.value ?? "") : "";
  }

  get #start(): number {
    const node = this.#node;
    return (isMap(node) || isSeq(node) || isScalar(node)) && node.range ? node.range[0] : 0;
  }

  get mark(): Mark {
    return this.#file.mark(this.#start);
  }

  sourceMap = (): SourceMap | undefined => {
    if (!isScalar(this.#node) || !this.#node.range) return undefined;
    const { base, positions, text } = this.#file;
    return scalarSourceMap(positions.text, base, text, this.#node as Scalar<string>);
  };

  #pair(name: string) {
    if (!isMap(this.#node)) return undefined;
    return this.#node.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === name);
  }

  get(key: string): YamlNode | undefined {
    const pair = this.#pair(key);
    return pair && this.#wrap(pair.value);
  }

  key(name: string): YamlNode | undefined {
    const pair = this.#pair(name);
    return pair && this.#wrap(pair.key);
  }

  get keys(): readonly string[] {
    if (!isMap(this.#node)) return [];
    return this.#node.items.map((pair) => (isScalar(pair.key) ? String(pair.key.value) : ""));
  }

  get items(): readonly YamlNode[] {
    return isSeq(this.#node) ? this.#node.items.map((item) => this.#wrap(item)) : [];
  }
}

/** Where the reference's library sees the mistake: a mapping that cannot start here shows at its colon. */
function errorIndex(error: YAMLParseError, text: string): number {
  const [index] = error.pos;
  if (error.code !== "BLOCK_AS_IMPLICIT_KEY") return index;
  const colon = /:(?=\s|$)/g;
  colon.lastIndex = index;
  return colon.exec(text)?.index ?? index;
}

/**
 * Parses the documents in `text`, which stands at index `base` of the file. Throws YamlSyntaxError with the
 * message that the reference's library has for the mistake.
 */
export function parseExact(positions: Positions, text: string, base = 0): YamlNode[] {
  const file = new ExactFile(positions, base, text);
  const documents = parseAllDocuments(text, { uniqueKeys: false, schema: "failsafe", strict: false });
  if (!Array.isArray(documents)) return [];
  return documents.map((document) => {
    const [error] = document.errors;
    if (error) {
      const mark = file.mark(errorIndex(error, text));
      const message =
        SYNTAX_MESSAGES[error.code] ?? error.message.split("\n")[0]!.replace(/ at line .*$/, "");
      throw new YamlSyntaxError(
        `yaml-cpp: error at line ${mark.line + 1}, column ${mark.column + 1}: ${message}`,
        mark,
      );
    }
    return new ExactNode(file, document as Document, document.contents);
  });
}
