import { ipText } from "../../core/event/ip-text.ts";
import { numberText } from "../../core/event/number-text.ts";
import type { Context, Field, FieldArg, FieldRead } from "../../core/fields/field.ts";

export type Json = string | number | bigint | boolean | null | readonly Json[];

const AS_TEXT: ReadonlySet<string> = new Set(["HEX", "OCT", "10_PADDED_DEC"]);

/** Control characters show as U+FFFD in JSON. */
const printable = (text: string): string => text.replace(/[\x00-\x1f\x7f]/g, "\ufffd");

function plain(value: FieldRead, field: Field): Json {
  if (value === undefined) return null;
  if (value instanceof Uint8Array) {
    if (field.type === "IPNET") return "<IPNET>";
    return field.type === "IPADDR" ? ipText(value) : Buffer.from(value).toString();
  }
  if (typeof value === "number" || typeof value === "bigint") {
    if (field.format && AS_TEXT.has(field.format)) return numberText(value, field.type, field.format);
    return typeof value === "bigint" && Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }
  return typeof value === "string" ? printable(value) : value;
}

/** What `output_fields` of an alert holds for the field. */
export function jsonValue(context: Context, field: Field, arg: FieldArg | undefined): Json {
  const shown = field.json ?? field.text;
  const value = shown ? shown(context, arg) : field.read(context, arg);
  if (!Array.isArray(value)) return plain(value as FieldRead, field);
  return value.length === 0 ? null : value.map((item) => plain(item, field));
}
