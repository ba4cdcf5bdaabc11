import { PRIORITIES, type Priority } from "../../outputs/alert.ts";
import type { Context } from "../load/context.ts";
import type { YamlNode } from "../yaml/yaml-node.ts";
import {
  bool,
  lenientText,
  optionalBool,
  optionalText,
  optionalTexts,
  optionalUint32,
  refuse,
  text,
  uint32,
  uniqueSorted,
} from "./decode.ts";
import type { RuleDefinition, RuleUpdate } from "./definitions.ts";
import { readExceptions } from "./exceptions.ts";
import { readOverrides } from "./overrides.ts";
import { type Reading, TEXTS, warnUnknownKeys } from "./reading.ts";

const APPENDABLE = ["condition", "exceptions", "output", "desc", "tags"] as const;
const REPLACEABLE = [
  ...APPENDABLE,
  "priority",
  "capture",
  "capture_duration",
  "enabled",
  "warn_evttypes",
  "skip-if-unknown-filter",
] as const;
type Key = (typeof REPLACEABLE)[number];

const KNOWN_KEYS = ["rule", ...REPLACEABLE, "source", "override", "append"];
const SYSCALL = "syscall";

/** Keys of which a rule has all or, in an item that only switches it on or off, none. */
const DEFINING = ["condition", "output", "desc", "priority"];

function readPriority(item: YamlNode, context: Context): Priority {
  const word = text(item, "priority", context).toLowerCase();
  const found = PRIORITIES.find(
    (p) => p.toLowerCase() === word || (word === "info" && p === "Informational"),
  );
  return found ?? refuse("Invalid priority", context.at(item.get("priority")!, "rule priority"));
}

const readTags = (item: YamlNode, context: Context): string[] =>
  uniqueSorted(optionalTexts(item, "tags", context) ?? []);

/** How each key of an `override` item is read into the update. */
const READERS: Readonly<
  Record<
    Key,
    (update: RuleUpdate, item: YamlNode, context: Context, append: boolean, reading: Reading) => void
  >
> = {
  condition: (update, item, context) => {
    update.condition = text(item, "condition", context);
  },
  exceptions: (update, item, context, append, { result }) => {
    update.exceptions = readExceptions(item, context, append, result);
  },
  output: (update, item, context) => {
    update.output = text(item, "output", context);
  },
  desc: (update, item, context) => {
    update.description = text(item, "desc", context);
  },
  tags: (update, item, context) => {
    update.tags = readTags(item, context);
  },
  priority: (update, item, context) => {
    update.priority = readPriority(item, context);
  },
  capture: (update, item, context) => {
    update.capture = bool(item, "capture", context);
  },
  capture_duration: (update, item, context) => {
    update.captureDuration = uint32(item, "capture_duration", context);
  },
  enabled: (update, item, context) => {
    update.enabled = bool(item, "enabled", context);
  },
  warn_evttypes: (update, item, context) => {
    update.warnEvttypes = bool(item, "warn_evttypes", context);
  },
  "skip-if-unknown-filter": (update, item, context) => {
    update.skipIfUnknownFilter = bool(item, "skip-if-unknown-filter", context);
  },
};

function readUpdate(
  item: YamlNode,
  name: string,
  source: string,
  operation: "append" | "replace",
  keys: ReadonlySet<string>,
  expected: Set<string>,
  context: Context,
  reading: Reading,
): RuleUpdate {
  // The source only counts where the condition changes with it.
  const update: RuleUpdate = { name, source: keys.has("condition") ? source : "", context };
  for (const key of operation === "append" ? APPENDABLE : REPLACEABLE) {
    if (!keys.has(key)) continue;
    if (!expected.delete(key)) {
      refuse(`An ${operation} override for '${key}' was specified but '${key}' is not defined`, context);
    }
    READERS[key](update, item, context, operation === "append", reading);
  }
  return update;
}

function readDefinition(item: YamlNode, name: string, context: Context, reading: Reading): RuleDefinition {
  const condition = text(item, "condition", context);
  const conditionContext = context.at(item.get("condition")!, "rule condition");
  const output = text(item, "output", context).trim();
  const outputContext = context.at(item.get("output")!, "rule output");
  return {
    name,
    context,
    condition,
    conditionContext,
    output,
    outputContext,
    description: text(item, "desc", context),
    priority: readPriority(item, context),
    source: optionalText(item, "source", context) ?? SYSCALL,
    enabled: optionalBool(item, "enabled", context) ?? true,
    capture: optionalBool(item, "capture", context) ?? false,
    captureDuration: optionalUint32(item, "capture_duration", context) ?? 0,
    warnEvttypes: optionalBool(item, "warn_evttypes", context) ?? true,
    skipIfUnknownFilter: optionalBool(item, "skip-if-unknown-filter", context) ?? false,
    tags: readTags(item, context),
    exceptions: readExceptions(item, context, false, reading.result),
  };
}

function readLegacyAppend(
  item: YamlNode,
  name: string,
  source: string,
  context: Context,
  reading: Reading,
): RuleUpdate {
  const update: RuleUpdate = { name, source, context };
  if (item.get("condition")) READERS.condition(update, item, context, true, reading);
  if (item.get("exceptions")) READERS.exceptions(update, item, context, true, reading);
  return update;
}

/** Reads a `rule` item: a definition, an append, an override, or a switch. */
export function readRule(item: YamlNode, parent: Context, reading: Reading): void {
  const name = text(item, "rule", parent.at(item, "rule"));
  const context = parent.at(item, "rule", name);
  const { result, collector } = reading;
  const source = lenientText(item, "source", context) ?? "";
  const append = optionalBool(item, "append", context) ?? false;
  if (append) result.warn("LOAD_DEPRECATED_ITEM", TEXTS.append, context);
  const overrides = readOverrides(item, APPENDABLE, REPLACEABLE, context);
  if (append && overrides.any) refuse(TEXTS.overrideAndAppend, context);
  if (overrides.any) {
    const expected = new Set<string>(REPLACEABLE.filter((key) => item.get(key)));
    const update = (operation: "append" | "replace") =>
      readUpdate(item, name, source, operation, overrides[operation], expected, context, reading);
    if (overrides.append.size > 0) collector.appendRule(update("append"));
    if (overrides.replace.size > 0) collector.replaceInRule(update("replace"));
    const [unexpected] = [...expected].sort();
    if (unexpected !== undefined) {
      refuse(
        `Unexpected key '${unexpected}': no corresponding entry under 'override' is defined.`,
        context.at(item.get(unexpected)!, "overrides", unexpected),
      );
    }
  } else if (append) {
    collector.appendRule(readLegacyAppend(item, name, source, context, reading));
  } else if (DEFINING.some((key) => item.get(key))) {
    collector.defineRule(readDefinition(item, name, context, reading));
  } else {
    const enabled = bool(item, "enabled", context);
    result.warn("LOAD_DEPRECATED_ITEM", TEXTS.enabled, context);
    collector.enableRule(name, enabled, context);
  }
  warnUnknownKeys(item, KNOWN_KEYS, context, result);
}
