import { FalcoError, type Place } from "../../core/errors.ts";

/** One text that HOCON is read from: a file, or a piece that the program itself puts in front of a definition. */
export interface Source {
  readonly name: string;
  readonly text: string;
  /** The folder that relative includes start from; absent for text that did not come from a file. */
  readonly folder?: string;
}

/** A position in a source, kept by every node so that errors can point at what was written. */
export interface At {
  readonly source: Source;
  readonly offset: number;
}

/** Line and column (from 1) of a position. Columns count UTF-16 units, as editors of this kind of file do. */
export function placeOf(at: At): Place {
  const before = at.source.text.slice(0, at.offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  return { file: at.source.name, line: before.split("\n").length, column: at.offset - lineStart + 1 };
}

/** The error for anything that is wrong at a position of a HOCON text. `what` reads after "Cannot …: ". */
export function hoconError(at: At, message: string, hint?: string): FalcoError {
  const place = placeOf(at);
  const excerpt = at.source.text.split("\n")[place.line - 1]?.replace(/\r$/, "") ?? "";
  return new FalcoError("HOCON_INVALID", message, { place, excerpt, ...(hint ? { hint } : {}) });
}
