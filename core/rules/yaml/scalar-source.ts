import type { Scalar } from "yaml";
import type { SourceMap } from "./yaml-node.ts";

/**
 * Maps characters of a scalar's value to where they stand in the file. Folding only turns line breaks and
 * indentation into blanks, so both texts are walked together: blanks of the value stand for any run of blanks
 * of the source, other characters must be found as they are.
 */
export function scalarSourceMap(file: string, base: number, text: string, scalar: Scalar<string>): SourceMap {
  const [start, end] = scalar.range!;
  let from = start;
  // The header of a block scalar (`>-`) and the quote of a quoted one are not part of the value.
  if (scalar.type === "BLOCK_FOLDED" || scalar.type === "BLOCK_LITERAL") {
    from = text.indexOf("\n", start) + 1;
    if (from === 0) from = start;
  } else if (scalar.type === "QUOTE_DOUBLE" || scalar.type === "QUOTE_SINGLE") from = start + 1;
  const value = String(scalar.value);
  return {
    file,
    at: (index) => {
      let source = from;
      for (let i = 0; i <= index && i < value.length; i++) {
        if (/\s/.test(value[i]!)) continue;
        const found = text.indexOf(value[i]!, source);
        if (found < 0 || found >= end) break;
        source = found;
        if (i === index) break;
        source++;
      }
      return base + Math.min(source, text.length);
    },
  };
}
