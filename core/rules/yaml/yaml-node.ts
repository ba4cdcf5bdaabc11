/** Where a node starts, counted from 0; `offset` in bytes, `column` too. */
export interface Mark {
  readonly line: number;
  readonly column: number;
  readonly offset: number;
}

/**
 * A value of a YAML file as the rule loader sees it: scalars are text, whatever they look like, and a key that
 * occurs twice counts the first time.
 */
export interface YamlNode {
  readonly kind: "map" | "sequence" | "scalar" | "null";
  /** The text of a scalar; empty for everything else. */
  readonly text: string;
  readonly mark: Mark;
  /** UTF-16 index in the file of each character of a scalar's text; for pictures of errors. */
  readonly sourceMap: () => SourceMap | undefined;
  get(key: string): YamlNode | undefined;
  readonly keys: readonly string[];
  readonly items: readonly YamlNode[];
  /** The node of a key itself, for errors about the key. */
  key(name: string): YamlNode | undefined;
}

/** Finds the place in the file of a character of a scalar. */
export interface SourceMap {
  readonly file: string;
  /** UTF-16 index in the file. */
  at(index: number): number;
}

/** A text that is no YAML. Line and column count from 0. */
export class YamlSyntaxError extends Error {
  readonly mark: Mark;
  constructor(message: string, mark: Mark) {
    super(message);
    this.mark = mark;
  }
}
