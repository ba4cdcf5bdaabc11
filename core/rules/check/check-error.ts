import type { TextPos } from "../language/ast.ts";

/** A condition that parses but cannot mean anything: an unknown field, a value of the wrong type. */
export class CheckError extends Error {
  /** Where in the condition; absent until a caller that knows adds it. */
  readonly pos: TextPos | undefined;
  /** Finds the name that was meant, when a similar one exists. Costs time, so only on demand. */
  readonly suggestion: (() => string | undefined) | undefined;

  constructor(message: string, pos?: TextPos, suggestion?: () => string | undefined) {
    super(message);
    this.pos = pos;
    this.suggestion = suggestion;
  }
}
