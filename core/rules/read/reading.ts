import type { Collector } from "../load/collector.ts";
import type { Context } from "../load/context.ts";
import type { LoadResult } from "../load/load-result.ts";
import type { YamlNode } from "../yaml/yaml-node.ts";

/** What reading a file works on. */
export interface Reading {
  readonly collector: Collector;
  readonly result: LoadResult;
}

/** Texts that several kinds of items have in common. */
export const TEXTS = {
  append:
    "'append' key is deprecated. Add an 'append' entry (e.g. 'condition: append') under 'override' instead.",
  enabled:
    "The standalone 'enabled' key usage is deprecated. The correct approach requires also a 'replace' entry under " +
    "the 'override' key (i.e. 'enabled: replace').",
  overrideAndAppend:
    "Keys 'override' and 'append: true' cannot be used together. Add an 'append' entry (e.g. 'condition: append') " +
    "under 'override' instead.",
} as const;

/** Warns of each key that the kind of item does not have. */
export function warnUnknownKeys(
  item: YamlNode,
  known: readonly string[],
  context: Context,
  result: LoadResult,
): void {
  for (const key of item.keys) {
    if (known.includes(key)) continue;
    result.warn("LOAD_UNKNOWN_KEY", `Unknown key '${key}'. The key will be ignored.`, context);
  }
}
