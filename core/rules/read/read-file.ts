import type { Context } from "../load/context.ts";
import { LoadError } from "../load/load-result.ts";
import { checkSchema } from "../load/schema-check.ts";
import { parseRulesYaml } from "../yaml/parse-rules-yaml.ts";
import { type YamlNode, YamlSyntaxError } from "../yaml/yaml-node.ts";
import { refuse } from "./decode.ts";
import { readList } from "./list.ts";
import { readMacro } from "./macro.ts";
import type { Reading } from "./reading.ts";
import { readEngineVersion, readPluginVersions } from "./required-versions.ts";
import { readRule } from "./rule.ts";

/** Kinds of items by the key that tells them, in the order the keys are looked for. */
const KINDS: readonly (readonly [string, (item: YamlNode, parent: Context, reading: Reading) => void])[] = [
  ["required_engine_version", readEngineVersion],
  ["required_plugin_versions", readPluginVersions],
  ["list", readList],
  ["macro", readMacro],
  ["rule", readRule],
];

function readItem(item: YamlNode, parent: Context, reading: Reading): void {
  if (item.kind !== "map") {
    refuse(
      "Unexpected element type. Each element should be a yaml associative array.",
      parent.at(item, "rules content item"),
    );
  }
  const kind = KINDS.find(([key]) => item.get(key) !== undefined);
  if (kind) kind[1](item, parent, reading);
  else {
    const context = parent.at(item, "rules content item");
    reading.result.warn("LOAD_UNKNOWN_ITEM", "Unknown top level item", context);
  }
}

/**
 * Reads a rule file into the collector. Stops at the first error, which the result then holds.
 * @returns whether there was none
 */
export function readRulesFile(file: Context, reading: Reading, exact: boolean): boolean {
  const { result } = reading;
  try {
    const documents = parseRulesYaml(file.file.content, exact);
    result.schema = documents.filter((d) => !isEmptyDocument(d)).flatMap(checkSchema);
    for (const document of documents) {
      if (document.kind === "null") continue;
      if (document.kind === "scalar") refuse("Rules content is not yaml", file);
      if (document.kind === "map") refuse("Rules content is not yaml array of objects", file);
      for (const item of document.items) {
        if (item.kind !== "null") readItem(item, file, reading);
        reading.collector.onStep();
      }
    }
    return true;
  } catch (error) {
    if (error instanceof LoadError) result.errors.push(error);
    else if (error instanceof YamlSyntaxError) {
      result.errors.push(new LoadError("LOAD_ERR_YAML_PARSE", error.message, file.atMark(error.mark)));
    } else throw error;
    return false;
  }
}

/** A document without content: there is nothing to check. */
const isEmptyDocument = (document: YamlNode): boolean => document.kind === "null";
