import type { Context } from "../load/context.ts";
import type { YamlNode } from "../yaml/yaml-node.ts";
import { refuse } from "./decode.ts";

/** The keys that an item's `override` appends to or replaces. */
export interface Overrides {
  readonly append: ReadonlySet<string>;
  readonly replace: ReadonlySet<string>;
  readonly any: boolean;
}

/** Reads `override`, refusing operations that a key does not have. */
export function readOverrides(
  item: YamlNode,
  appendable: readonly string[],
  replaceable: readonly string[],
  context: Context,
): Overrides {
  const append = new Set<string>();
  const replace = new Set<string>();
  const node = item.get("override");
  const overrideContext = context.at(item, "overrides");
  for (const key of node?.keys ?? []) {
    const operation = node!.get(key)!;
    const keyContext = overrideContext.at(node!.key(key) ?? node!, "overrides", key);
    if (operation.text === "append") {
      if (!appendable.includes(key)) {
        refuse(`Key '${key}' cannot be appended to, use 'replace' instead`, keyContext);
      }
      append.add(key);
    } else if (operation.text === "replace") {
      if (!replaceable.includes(key)) refuse(`Key '${key}' cannot be replaced`, keyContext);
      replace.add(key);
    } else {
      const allowed = [
        ...(appendable.includes(key) ? ["append "] : []),
        ...(replaceable.includes(key) ? ["replace "] : []),
      ].join("");
      refuse(
        `Invalid override operation for key '${key}': '${operation.text}'. Allowed values are: ${allowed}`,
        overrideContext.at(operation, "value for", key),
      );
    }
  }
  return { append, replace, any: append.size + replace.size > 0 };
}
