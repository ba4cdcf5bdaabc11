import { dottedText } from "../../event/byte-text.ts";
import { ipText } from "../../event/ip-text.ts";
import { numberText } from "../../event/number-text.ts";
import { isSeldom } from "../../ffi/seldom.ts";
import type { Context, FieldRead } from "../../fields/field.ts";
import type { FieldValue } from "../../outputs/alert.ts";
import type { ParamType } from "../../schema/event-row.ts";
import type { Operand } from "../check/operand.ts";

/** What stands for a value that is absent. */
export const NOT_AVAILABLE = "<NA>";

/** Lists are cut to what the reference's buffer holds. */
const MAX_LIST_BYTES = 1023;

const isNetwork = (type: ParamType): boolean => type === "IPNET" || type === "IPV4NET" || type === "IPV6NET";

function scalarText(value: Exclude<FieldRead, undefined>, { type, format }: Operand): string {
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return String(value);
  if (isNetwork(type)) return "<IPNET>";
  if (value instanceof Uint8Array) return type === "BYTEBUF" ? dottedText(value) : ipText(value);
  if (type === "DOUBLE") return Number(value).toFixed(1);
  return numberText(value, type, format);
}

function listText(values: readonly FieldRead[], operand: Operand): string {
  const text = `(${values.map((v) => (v === undefined ? "" : scalarText(v, operand))).join(",")})`;
  if (text.length <= MAX_LIST_BYTES / 3) return text;
  const bytes = Buffer.from(text);
  return bytes.length <= MAX_LIST_BYTES ? text : bytes.toString("utf8", 0, MAX_LIST_BYTES);
}

/** An operand's value as a line of text shows it; nothing when it has none. */
export function operandText(operand: Operand, context: Context): string | undefined {
  const { field, arg } = operand;
  if (field?.text) return field.text(context, arg);
  const value = operand.read(context, arg);
  if (value === undefined) return undefined;
  if (Array.isArray(value)) return listText(value as readonly FieldRead[], operand);
  return scalarText(value as Exclude<FieldRead, undefined>, operand);
}

function scalarValue(value: FieldRead, { type, format }: Operand): FieldValue {
  if (value === undefined) return null;
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (isNetwork(type)) return "<IPNET>";
  if (value instanceof Uint8Array) return type === "BYTEBUF" ? dottedText(value) : ipText(value);
  if (type === "DOUBLE") return format === "NA" ? value : Math.trunc(Number(value));
  return format === "HEX" || format === "OCT" ? numberText(value, type, format) : value;
}

/** An operand's value with its type, as JSON shows it. Empty lists and absent values are null. */
export function operandValue(operand: Operand, context: Context): FieldValue {
  const { field, arg } = operand;
  if (field?.json) return scalarValue(field.json(context, arg), operand);
  const value = operand.read(context, arg);
  if (!Array.isArray(value)) return scalarValue(value as FieldRead, operand);
  return value.length === 0 ? null : value.map((v: FieldRead) => scalarValue(v, operand));
}

// Alerts are few, and each reads some thirty values: soon hot, but not for long.
isSeldom(operandText, operandValue, scalarText, scalarValue, listText);
