import { parseExact } from "./exact.ts";
import { parseFast } from "./fast.ts";
import { Positions } from "./positions.ts";
import type { YamlNode } from "./yaml-node.ts";

/** The documents of a rule file. Throws YamlSyntaxError. `exact` reads every position at once. */
export function parseRulesYaml(text: string, exact = false): YamlNode[] {
  const positions = new Positions(text);
  return (exact ? undefined : parseFast(positions)) ?? parseExact(positions, text);
}
