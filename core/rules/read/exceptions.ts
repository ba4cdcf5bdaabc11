import type { Context } from "../load/context.ts";
import type { LoadResult } from "../load/load-result.ts";
import type { YamlNode } from "../yaml/yaml-node.ts";
import { refuse, text } from "./decode.ts";
import type { ExceptionDefinition, ExceptionEntry } from "./definitions.ts";

/** Text or lists of text, as deep as they go. A mapping or null is nothing. */
function entry(node: YamlNode, context: Context): ExceptionEntry | undefined {
  if (node.kind === "scalar") {
    if (node.text === "") refuse("Value must be non-empty", context);
    return node.text;
  }
  if (node.kind !== "sequence") return undefined;
  return node.items.map((item) => entry(item, context.at(item, "exception").at(item, "value for")) ?? "");
}

/** An entry that is given but empty counts as not given. */
const present = (value: ExceptionEntry | undefined): ExceptionEntry | undefined =>
  value === undefined || value.length === 0 ? undefined : value;

function keyEntry(
  item: YamlNode,
  key: string,
  context: Context,
  optional: boolean,
): ExceptionEntry | undefined {
  const node = item.get(key);
  if (!node && !optional) refuse(`Item has no mapping for key '${key}'`, context);
  return node && present(entry(node, context.at(node, "value for", key)));
}

function readValues(
  item: YamlNode,
  context: Context,
  appending: boolean,
  result: LoadResult,
): readonly ExceptionEntry[] {
  const node = item.get("values");
  if (!node) {
    if (appending)
      result.warn("LOAD_APPEND_NO_VALUES", "Overriding/appending exception with no values", context);
    return [];
  }
  const valuesContext = context.at(node, "exception values");
  if (node.kind !== "sequence") refuse("Rule exception values must be a sequence", valuesContext);
  return node.items.map((value) => {
    const valueContext = valuesContext.at(value, "exception value");
    return entry(value, valueContext.at(value, "value for")) ?? "";
  });
}

/** Reads a rule's `exceptions`; when appending, `fields` may be missing. Absent or null means none. */
export function readExceptions(
  rule: YamlNode,
  parent: Context,
  appending: boolean,
  result: LoadResult,
): ExceptionDefinition[] {
  const node = rule.get("exceptions");
  if (!node || node.kind === "null") return [];
  const listContext = parent.at(node, "exceptions");
  if (node.kind !== "sequence") refuse("Rule exceptions must be a sequence", listContext);
  const exceptions: ExceptionDefinition[] = [];
  for (const item of node.items) {
    const unnamed = listContext.at(item, "exception");
    if (item.kind !== "map") refuse("Rule exception must be a mapping", unnamed);
    const name = text(item, "name", unnamed);
    const context = parent.at(item, "exception", name);
    for (const earlier of exceptions) {
      if (earlier.name !== name) continue;
      result.warn(
        "LOAD_EXCEPTION_NAME_NOT_UNIQUE",
        `Multiple definitions of exception '${name}' in the same rule`,
        context,
      );
    }
    const fields = keyEntry(item, "fields", context, appending);
    const comps = keyEntry(item, "comps", context, true);
    exceptions.push({ name, fields, comps, values: readValues(item, context, appending, result), context });
  }
  return exceptions;
}
