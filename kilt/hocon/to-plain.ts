import type { Resolved } from "./node.ts";

export type Plain = string | number | boolean | null | Plain[] | { [key: string]: Plain };

/** A resolved text as the JSON value it stands for. */
export function toPlain(value: Resolved): Plain {
  if (value.kind === "array") return value.items.map(toPlain);
  if (value.kind === "object") {
    const plain: { [key: string]: Plain } = Object.create(null) as { [key: string]: Plain };
    for (const [key, field] of value.fields) plain[key] = toPlain(field);
    return plain;
  }
  if (value.type === "number") return Number(value.text);
  if (value.type === "boolean") return value.text === "true";
  return value.type === "null" ? null : value.text;
}
