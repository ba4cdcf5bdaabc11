import type { Context } from "../load/context.ts";
import type { YamlNode } from "../yaml/yaml-node.ts";
import { optionalBool, refuse, text } from "./decode.ts";
import { readOverrides } from "./overrides.ts";
import { type Reading, TEXTS, warnUnknownKeys } from "./reading.ts";

const NAME = /^[a-zA-Z]+[a-zA-Z0-9_]*$/;

/** Reads a `macro` item and defines or appends to the macro. */
export function readMacro(item: YamlNode, parent: Context, reading: Reading): void {
  const name = text(item, "macro", parent.at(item, "macro"));
  const context = parent.at(item, "macro", name);
  const { result, collector } = reading;
  if (!NAME.test(name)) {
    result.warn(
      "LOAD_INVALID_MACRO_NAME",
      "Macro has an invalid name. Macro names should match a regular expression: ([a-zA-Z]+[a-zA-Z0-9_]*)",
      context,
    );
  }
  const condition = text(item, "condition", context);
  const conditionContext = context.at(item.get("condition")!, "macro condition");
  let append = optionalBool(item, "append", context) ?? false;
  if (append) result.warn("LOAD_DEPRECATED_ITEM", TEXTS.append, context);
  const overrides = readOverrides(item, ["condition"], ["condition"], context);
  if (append && overrides.any) refuse(TEXTS.overrideAndAppend, context);
  append ||= overrides.append.has("condition");
  const macro = { name, condition, context, conditionContext };
  if (append) collector.appendMacro(macro);
  else collector.defineMacro(macro);
  warnUnknownKeys(item, ["macro", "condition", "append", "override"], context, result);
}
