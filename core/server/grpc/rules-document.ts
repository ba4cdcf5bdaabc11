import { createHash } from "node:crypto";
import { type Document, isMap, isScalar, isSeq, parseAllDocuments, visit, type YAMLMap } from "yaml";
import { FalcoError } from "../../errors.ts";

const KINDS = ["required_engine_version", "required_plugin_versions", "list", "macro", "rule"] as const;
export type ItemKind = (typeof KINDS)[number];

/** A top-level item of a rules file, as it was written. */
export interface RulesItem {
  readonly kind: ItemKind;
  /** Empty for requirements. */
  readonly name: string;
  /** YAML of a sequence with this one item. */
  readonly text: string;
  /** Changes a definition that exists elsewhere instead of giving one. */
  readonly modifies: boolean;
  /** Set when the item does nothing but switch a rule on or off. */
  readonly enables: boolean | undefined;
}

const invalid = (why: string, hint?: string) =>
  new FalcoError("API_INVALID", `Cannot read the rules: ${why}`, hint === undefined ? {} : { hint });

/**
 * Splits a rules file into its items without interpreting what is in them. Scalars keep their spelling:
 * the file is read without types, since rules take `0644` and `no` as the text that stands there.
 */
export function rulesItems(content: string): RulesItem[] {
  const items: RulesItem[] = [];
  for (const document of parseAllDocuments(content, { schema: "failsafe", uniqueKeys: true })) {
    const [error] = "errors" in document ? document.errors : [];
    if (error) throw invalid(error.message.trimEnd());
    const { contents } = document as Document;
    if (contents === null || (isScalar(contents) && contents.source === "")) continue;
    if (!isSeq(contents)) throw invalid("a rules file is a list of rules, macros and lists");
    visit(document as Document, {
      Alias: () => {
        throw invalid("it has an alias", "write the text out where the alias stands");
      },
    });
    for (const node of contents.items) {
      if (!isMap(node)) throw invalid("an item is not a mapping", 'start it with "- rule: …"');
      items.push(rulesItem(node as YAMLMap));
    }
  }
  return items;
}

function rulesItem(node: YAMLMap): RulesItem {
  const kind = KINDS.find((key) => node.has(key));
  if (!kind) throw invalid("an item is neither a rule, a macro nor a list");
  const named = kind === "list" || kind === "macro" || kind === "rule";
  const name = node.get(kind);
  if (named && (typeof name !== "string" || name === "")) throw invalid(`a ${kind} has no name`);
  const keys = new Set(node.items.map((pair) => String(pair.key)));
  const only = (...allowed: string[]) =>
    keys.size === allowed.length && allowed.every((key) => keys.has(key));
  const enabled = String(node.get("enabled"));
  const switches = only("rule", "enabled") || only("rule", "enabled", "override");
  return {
    kind,
    name: named ? String(name) : "",
    text: asText(node),
    modifies: keys.has("override") || keys.has("append") || switches,
    enables: switches ? enabled.toLowerCase() === "true" : undefined,
  };
}

function asText(node: YAMLMap): string {
  const [document] = parseAllDocuments("[]", { schema: "failsafe" });
  const holder = document as Document;
  holder.contents = holder.createNode([]);
  if (isSeq(holder.contents)) holder.contents.add(node.clone());
  return holder.toString({ lineWidth: 0 });
}

/** The item that switches a rule, whoever defines it. */
export function switchItem(name: string, enabled: boolean): string {
  const text = `- rule: ${JSON.stringify(name)}\n  enabled: ${enabled}\n`;
  return `${text}  override:\n    enabled: replace\n`;
}

/** Names a state of a document: two with the same revision have the same text. */
export function revisionOf(content: string): string {
  return createHash("sha256").update(content).digest("hex").slice(0, 16);
}
