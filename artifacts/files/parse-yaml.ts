import { type Document, LineCounter, parseDocument } from "yaml";
import { FalcoError, reasonOf } from "../../core/errors.ts";

/** A parsed YAML document that knows where in the file each node stands. */
export interface PlacedDocument extends Document.Parsed {
  /** An error that points at a node, or at the file's begin. */
  errorAt(node: unknown, message: string, hint?: string): FalcoError;
  /** The document as plain values. Aliases that would make it grow without measure, or name nothing, throw. */
  value(): unknown;
}

/** Aliases are few in such files; a bound keeps nested ones from growing without end. */
const maxAliasCount = 1000;

/** Parses YAML keeping positions. Bad syntax throws, with the file, line and column. */
export function parseYaml(text: string, file: string, code: string): PlacedDocument {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false });
  const at = (offset: number): { place: { file: string; line: number; column: number }; excerpt: string } => {
    const { line, col } = counter.linePos(offset);
    return {
      place: { file, line: Math.max(1, line), column: Math.max(1, col) },
      excerpt: text.split("\n")[line - 1] ?? "",
    };
  };
  const bad = document.errors[0];
  if (bad)
    throw new FalcoError(code, `Cannot read ${file}: ${bad.message}`, { ...at(bad.pos[0]), cause: bad });
  const errorAt = (node: unknown, message: string, hint?: string): FalcoError => {
    const range = (node as { range?: readonly number[] } | null | undefined)?.range;
    return new FalcoError(code, message, { ...at(range?.[0] ?? 0), ...(hint && { hint }) });
  };
  const value = (): unknown => {
    try {
      return document.toJS({ maxAliasCount });
    } catch (error) {
      throw new FalcoError(code, `Cannot read ${file}: ${reasonOf(error)}`, { cause: error });
    }
  };
  return Object.assign(document, { errorAt, value });
}
