/** Where in a text file something stands. Lines and columns count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface FalcoErrorOptions {
  /** What the reader can do about it, as an imperative sentence without a period. */
  readonly hint?: string;
  readonly place?: Place;
  /** The source line the place points into, printed with a caret below it. */
  readonly excerpt?: string;
  readonly cause?: unknown;
}

/**
 * The one error that people are meant to read. The message says what could not be done and why
 * (`Cannot open capture: not a capture file`); the code is stable and doubles as a metric label.
 * Everything that is not a FalcoError is a defect of the program.
 */
export class FalcoError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly place: Place | undefined;
  readonly excerpt: string | undefined;

  constructor(code: string, message: string, options: FalcoErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "FalcoError";
    this.code = code;
    this.hint = options.hint;
    this.place = options.place;
    this.excerpt = options.excerpt;
  }

  /** The full picture for a terminal: message, place, source line with caret, hint. */
  format(): string {
    const lines = [`${this.message} [${this.code}]`];
    if (this.place) {
      const { file, line, column } = this.place;
      lines.push(`  ${file}:${line}:${column}`);
      if (this.excerpt !== undefined) {
        const gutter = `  ${line} | `;
        const text = this.excerpt.replaceAll("\t", " ");
        // A long line is cut to a window around the column so that the caret stays in sight.
        const start = Math.max(0, Math.min(column - 40, text.length - 80));
        lines.push(gutter + text.slice(start, start + 100));
        lines.push(" ".repeat(gutter.length + column - 1 - start) + "^");
      }
    }
    if (this.hint) lines.push(`  ${this.hint}`);
    return lines.join("\n");
  }
}

/** The text of anything that was thrown, for embedding into a sentence. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
