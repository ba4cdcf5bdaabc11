import { isAlias, isMap, isScalar, isSeq, type Node } from "yaml";
import { isTagged, type Template } from "./template.ts";

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** A node as JSON, with the short forms of intrinsic functions written out (`!Ref x` is `{"Ref": "x"}`). */
export function longForm(template: Template, node: Node | null): Json {
  if (node === null) return null;
  if (isAlias(node))
    throw template.error(
      node,
      "Cannot patch template: it uses a YAML alias, which CloudFormation does not know",
    );
  const plain = plainForm(template, node);
  if (!isTagged(node)) return plain;
  const name = node.tag!.slice(1);
  if (name === "Ref" || name === "Condition") return { [name]: plain };
  if (name === "GetAtt" && typeof plain === "string") {
    const dot = plain.indexOf(".");
    return { "Fn::GetAtt": dot < 0 ? [plain] : [plain.slice(0, dot), plain.slice(dot + 1)] };
  }
  return { [`Fn::${name}`]: plain };
}

function plainForm(template: Template, node: Node): Json {
  if (isSeq(node)) return node.items.map((item) => longForm(template, item as Node));
  if (isMap(node)) {
    const entries = node.items.map(
      ({ key, value }) => [String((key as { value?: unknown }).value ?? key), value] as const,
    );
    return Object.fromEntries(entries.map(([key, value]) => [key, longForm(template, value as Node | null)]));
  }
  const value: unknown = isScalar(node) ? node.value : null;
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean" || value === null)
    return value;
  return String(isScalar(node) ? (node.source ?? value) : value);
}

/** The name and argument of an intrinsic function in either form; undefined for plain values. */
export function intrinsicOf(
  node: Node | null | undefined,
): { name: string; argument: Node | null } | undefined {
  if (!node || isAlias(node)) return undefined;
  if (isTagged(node)) return { name: node.tag!.slice(1), argument: node };
  const only = isMap(node) && node.items.length === 1 ? node.items[0]! : undefined;
  const key = only && isScalar(only.key) ? String(only.key.value) : "";
  if (key !== "Ref" && !key.startsWith("Fn::")) return undefined;
  return { name: key.replace("Fn::", ""), argument: only!.value as Node | null };
}
