import type { TextPos } from "../language/ast.ts";

/** A condition that parses but cannot mean anything: an unknown field, a value of the wrong type. */
export class CheckError extends Error {
  /** Where in the condition; absent until a caller that knows adds it. */
  readonly pos: TextPos | undefined;
  /** The name that was meant, when a similar one exists. */
  readonly suggestion: string | undefined;

  constructor(message: string, pos?: TextPos, suggestion?: string) {
    super(message);
    this.pos = pos;
    this.suggestion = suggestion;
  }
}
