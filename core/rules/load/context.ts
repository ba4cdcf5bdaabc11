import type { TextPos } from "../language/ast.ts";
import type { Mark, YamlNode } from "../yaml/yaml-node.ts";

/** What kind of thing a place of a rule file belongs to, as results name it. */
export type ItemType =
  | "value for"
  | "exceptions"
  | "exception"
  | "exception values"
  | "exception value"
  | "rules content"
  | "rules content item"
  | "required_engine_version"
  | "required plugin versions"
  | "required plugin versions entry"
  | "required plugin versions alternative"
  | "list"
  | "list item"
  | "macro"
  | "macro condition"
  | "rule"
  | "rule condition"
  | "condition expression"
  | "rule output"
  | "rule priority"
  | "overrides";

/** One step on the way from the whole file to the place of a problem. */
export interface Location {
  readonly type: ItemType;
  readonly name: string;
  /** The file, or the beginning of a condition in quotes. */
  readonly file: string;
  readonly mark: Mark;
}

/** The text of a rule file, kept for pictures of its problems. */
export interface RuleFile {
  readonly name: string;
  readonly content: string;
}

const START: Mark = { line: 0, column: 0, offset: 0 };
const SNIPPET_SIDE = 80;

/**
 * A place in a rule file together with everything around it. Marks are computed when a result is shown, since
 * most contexts never are.
 */
export class Context {
  readonly file: RuleFile;
  readonly #parent: Context | undefined;
  readonly #type: ItemType;
  readonly #name: string;
  readonly #node: YamlNode | undefined;
  readonly #fixed: (() => Mark) | undefined;
  /** The condition that stands in for the file, when the place is inside one. */
  readonly #condition: string | undefined;
  #textPos: TextPos | undefined;

  private constructor(init: {
    file: RuleFile;
    parent?: Context;
    type: ItemType;
    name?: string;
    node?: YamlNode | undefined;
    fixed?: () => Mark;
    condition?: string;
  }) {
    this.file = init.file;
    this.#parent = init.parent;
    this.#type = init.type;
    this.#name = init.name ?? "";
    this.#node = init.node;
    this.#fixed = init.fixed;
    this.#condition = init.condition;
  }

  /** The whole file. */
  static file(file: RuleFile): Context {
    return new Context({ file, type: "rules content" });
  }

  at(node: YamlNode, type: ItemType, name = ""): Context {
    return new Context({ file: this.file, parent: this, type, name, node });
  }

  atMark(mark: Mark): Context {
    return new Context({ file: this.file, parent: this, type: "value for", fixed: () => mark });
  }

  /**
   * A place inside a condition's text. Its line and column are those of this context plus the 1-based ones in the
   * condition: no coordinates of the file, but what results have always shown.
   */
  inCondition(condition: string, pos: TextPos | undefined): Context {
    const fixed = (): Mark => {
      const base = this.mark;
      if (!pos) return base;
      const before = pos.text.slice(0, pos.index);
      const lineStart = Math.max(before.lastIndexOf("\n"), before.lastIndexOf("\r")) + 1;
      return {
        line: base.line + 1 + (before.match(/[\r\n]/g)?.length ?? 0),
        column: base.column + 1 + Buffer.byteLength(before.slice(lineStart)),
        offset: base.offset + Buffer.byteLength(before),
      };
    };
    const context = new Context({
      file: this.file,
      parent: this,
      type: "condition expression",
      fixed,
      condition,
    });
    context.#textPos = pos;
    return context;
  }

  get mark(): Mark {
    return this.#fixed?.() ?? this.#node?.mark ?? START;
  }

  get #shownFile(): string {
    if (this.#condition === undefined) return this.file.name;
    const bytes = Buffer.from(this.#condition);
    const shown = bytes.length > 20 ? `${bytes.subarray(0, 17).toString()}...` : this.#condition;
    return `"${shown}"`.replace(/[\r\n]/g, " ");
  }

  /** From the file inwards. */
  get locations(): readonly Location[] {
    const own = { type: this.#type, name: this.#name, file: this.#shownFile, mark: this.mark };
    return [...(this.#parent?.locations ?? []), own];
  }

  /** The line around the place with a caret below, at most 80 bytes to either side. */
  get snippet(): string {
    const content = this.#condition ?? this.file.content;
    return drawSnippet(content, this.mark.offset);
  }

  /** The text in the file that this place is in or about: a condition, an output, or whatever scalar it is. */
  get scalar(): YamlNode | undefined {
    const node = this.#condition === undefined ? this.#node : this.#parent?.nodeOrUndefined;
    return node?.kind === "map" ? node.get("condition") : node;
  }

  get nodeOrUndefined(): YamlNode | undefined {
    return this.#node;
  }

  get textPos(): TextPos | undefined {
    return this.#textPos;
  }
}

function drawSnippet(content: string, offset: number): string {
  if (content === "") return "<No context available>\n";
  // Offsets count bytes, so the text is cut as bytes: one character of this string is one byte.
  const text = Buffer.from(content).toString("latin1");
  let at = offset;
  while (at > 0 && (at >= text.length || text[at] === "\n")) at--;
  let from = at;
  while (from > 0 && text[from] !== "\n" && at - from < SNIPPET_SIDE) from--;
  let to = at;
  while (to < text.length - 1 && text[to] !== "\n" && to - at < SNIPPET_SIDE) to++;
  if (text[from] === "\n") from++;
  if (text[to] === "\n") to--;
  let line = text.slice(from, to + 1);
  if (line === "") return "<No context available>\n";
  if (at - from >= SNIPPET_SIDE) line = `...${line.slice(3)}`;
  if (to - at >= SNIPPET_SIDE) line = `${line.slice(0, -3)}...`;
  const caret = at - from <= line.length ? `${" ".repeat(Math.max(0, at - from))}^\n` : "";
  return `${Buffer.from(line, "latin1").toString()}\n${caret}`;
}
