import type { Context } from "../load/context.ts";
import type { YamlNode } from "../yaml/yaml-node.ts";
import { optionalBool, refuse, text, texts } from "./decode.ts";
import { readOverrides } from "./overrides.ts";
import { type Reading, TEXTS, warnUnknownKeys } from "./reading.ts";

const NAME = /^[^()"' \t\n\v\f\r=,]+$/;

/** Reads a `list` item and defines or appends to the list. */
export function readList(item: YamlNode, parent: Context, reading: Reading): void {
  const name = text(item, "list", parent.at(item, "list"));
  const context = parent.at(item, "list", name);
  const { result, collector } = reading;
  if (!NAME.test(name)) {
    result.warn(
      "LOAD_INVALID_LIST_NAME",
      "List has an invalid name. List names should match a regular expression: ([^()\"'[:space:]=,]+)",
      context,
    );
  }
  const items = texts(item, "items", context);
  let append = optionalBool(item, "append", context) ?? false;
  if (append) result.warn("LOAD_DEPRECATED_ITEM", TEXTS.append, context);
  const overrides = readOverrides(item, ["items"], ["items"], context);
  if (append && overrides.any) refuse(TEXTS.overrideAndAppend, context);
  append ||= overrides.append.has("items");
  const list = { name, items, context };
  if (append) collector.appendList(list);
  else collector.defineList(list);
  warnUnknownKeys(item, ["list", "items", "append", "override"], context, result);
}
