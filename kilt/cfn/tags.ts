import { isScalar, type Node } from "yaml";
import { fieldOf, isTagged, itemsOf, stringOf, type Template } from "../template/template.ts";
import type { Opaque } from "./opaque.ts";

const IGNORE = "kilt-ignore";
const INCLUDE = "kilt-include";
const IGNORE_CONTAINERS = "kilt-ignore-containers";
const INCLUDE_CONTAINERS = "kilt-include-containers";
/** All of these decide about patching, or were meant to: a misspelt one is held to the same rule. */
const isOwn = (key: string): boolean => key.startsWith("kilt-");

/**
 * The tags of a task definition by key; values that only CloudFormation knows are placeholders. Throws
 * when a key, or the value of a tag that decides about patching, is not plain text.
 */
export function tagsOf(
  template: Template,
  properties: Node | undefined,
  opaque: Opaque,
): Map<string, string> {
  const tags = new Map<string, string>();
  for (const item of itemsOf(fieldOf(properties, "Tags") ?? fieldOf(properties, "tags")) ?? []) {
    const [keyNode, valueNode] = [fieldOf(item, "Key"), fieldOf(item, "Value")];
    if (!keyNode || !valueNode) continue;
    const key = stringOf(keyNode);
    if (key === undefined) throw template.error(keyNode, "Cannot read tag: its key must be plain text");
    if (isOwn(key)) tags.set(key, ownValue(template, key, valueNode));
    else tags.set(key, opaque.text(valueNode));
  }
  return tags;
}

function ownValue(template: Template, key: string, node: Node): string {
  const text = stringOf(node);
  if (text !== undefined) return text;
  // YAML reads a bare true or 1 as something else than text; CloudFormation makes text of it again.
  if (!template.isJson && isScalar(node) && !isTagged(node)) return node.source ?? "";
  throw template.error(
    node,
    `Cannot read tag ${key}: its value must be plain text`,
    "it is needed before the stack exists",
  );
}

/** Whether the tags, or their absence, ask for a container of this name to be patched. */
export function wanted(tags: ReadonlyMap<string, string>, optIn: boolean, container: string): boolean {
  if (optIn) return tags.has(INCLUDE) || names(tags, INCLUDE_CONTAINERS).includes(container);
  return !tags.has(IGNORE) && !names(tags, IGNORE_CONTAINERS).includes(container);
}

const names = (tags: ReadonlyMap<string, string>, key: string): string[] => tags.get(key)?.split(":") ?? [];
