import { isSeldom } from "../../ffi/seldom.ts";
import type { Context } from "../load/context.ts";
import { LoadError } from "../load/load-result.ts";
import type { YamlNode } from "../yaml/yaml-node.ts";

/** Stops with the code for files whose structure is wrong. */
export function refuse(message: string, context: Context): never {
  throw new LoadError("LOAD_ERR_YAML_VALIDATE", message, context);
}

type Convert<T> = (text: string) => T | undefined;

const asText: Convert<string> = (text) => text;

/** YAML 1.1 booleans in lower, Capital or UPPER form. */
const asBool: Convert<boolean> = (text) => {
  if (!/^(?:[a-z]+|[A-Z]+|[A-Z][a-z]+)$/.test(text)) return undefined;
  const word = text.toLowerCase();
  if (["true", "yes", "on", "y"].includes(word)) return true;
  return ["false", "no", "off", "n"].includes(word) ? false : undefined;
};

/** An unsigned 32-bit number, in decimal, hexadecimal or octal with a leading zero. */
const asUint32: Convert<number> = (text) => {
  const octal = /^0[0-7]+$/.test(text);
  if (!octal && !/^(?:\d+|0[xX][0-9a-fA-F]+)$/.test(text)) return undefined;
  const value = octal ? Number.parseInt(text, 8) : Number(text);
  return value <= 0xffff_ffff ? value : undefined;
};

function scalar<T>(item: YamlNode, key: string, context: Context, convert: Convert<T>): T | undefined {
  const node = item.get(key);
  if (!node) return undefined;
  if (node.kind === "null") refuse(`Mapping for key '${key}' is empty`, context);
  const valueContext = context.at(node, "value for", key);
  if (node.kind !== "scalar") refuse("Value is not a scalar value", valueContext);
  const { text } = node;
  if (text === "") refuse("Value must be non-empty", valueContext);
  return convert(text) ?? refuse("Can't decode YAML scalar value", valueContext);
}

const need = <T>(value: T | undefined, key: string, context: Context): T =>
  value ?? refuse(`Item has no mapping for key '${key}'`, context);

/** A required text. */
export const text = (item: YamlNode, key: string, context: Context): string =>
  need(scalar(item, key, context, asText), key, context);

export const optionalText = (item: YamlNode, key: string, context: Context): string | undefined =>
  scalar(item, key, context, asText);

/** A text that may also be null or empty, which both read as absent. */
export function lenientText(item: YamlNode, key: string, context: Context): string | undefined {
  const node = item.get(key);
  if (!node || node.kind === "null" || (node.kind === "scalar" && node.text === "")) return undefined;
  return scalar(item, key, context, asText);
}

export const bool = (item: YamlNode, key: string, context: Context): boolean =>
  need(scalar(item, key, context, asBool), key, context);

export const optionalBool = (item: YamlNode, key: string, context: Context): boolean | undefined =>
  scalar(item, key, context, asBool);

export const uint32 = (item: YamlNode, key: string, context: Context): number =>
  need(scalar(item, key, context, asUint32), key, context);

export const optionalUint32 = (item: YamlNode, key: string, context: Context): number | undefined =>
  scalar(item, key, context, asUint32);

/** A scalar as an unsigned number where it is one, or else its text. */
export function numberOrText(item: YamlNode, key: string, context: Context): number | string {
  const value = text(item, key, context);
  return asUint32(value) ?? value;
}

/** A sequence of scalars as text; nothing when the key is absent. */
export function optionalTexts(item: YamlNode, key: string, context: Context): string[] | undefined {
  const node = item.get(key);
  if (!node) return undefined;
  const valueContext = context.at(node, "value for", key);
  if (node.kind !== "sequence") refuse("Value is not a sequence", valueContext);
  return node.items.map((element) => {
    const itemContext = valueContext.at(element, "list item");
    if (element.kind !== "scalar") refuse("sequence value is not scalar", itemContext);
    return element.text;
  });
}

export const texts = (item: YamlNode, key: string, context: Context): string[] =>
  need(optionalTexts(item, key, context), key, context);

export const uniqueSorted = (values: readonly string[]): string[] =>
  [...new Set(values)].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

isSeldom(scalar);
