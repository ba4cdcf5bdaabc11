import type { Resolved, ResolvedObject } from "./hocon/node.ts";
import { listOf } from "./hocon/resolve.ts";
import { hoconError } from "./hocon/source.ts";

/**
 * Typed readers for fields of a resolved definition. `where` is the field's path, for messages; null
 * counts as absent. Each throws a FalcoError that points at the value when it has the wrong shape.
 */
export function field(object: ResolvedObject | undefined, ...names: readonly string[]): Resolved | undefined {
  for (const name of names) {
    const value = object?.fields.get(name);
    if (value && !(value.kind === "scalar" && value.type === "null")) return value;
  }
  return undefined;
}

const kindOf = (value: Resolved): string =>
  value.kind === "scalar"
    ? `${value.type} ${JSON.stringify(value.text)}`
    : value.kind === "array"
      ? "list"
      : "object";

export function objectAt(value: Resolved | undefined, where: string): ResolvedObject | undefined {
  if (!value || value.kind === "object") return value;
  throw hoconError(value.at, `Cannot read ${where}: it is a ${kindOf(value)}, expected an object`);
}

export function textAt(value: Resolved | undefined, where: string): string | undefined {
  if (!value) return undefined;
  if (value.kind === "scalar") return value.text;
  throw hoconError(value.at, `Cannot read ${where}: it is a ${kindOf(value)}, expected text`);
}

export function listAt(value: Resolved | undefined, where: string): readonly Resolved[] {
  if (!value) return [];
  const items = listOf(value);
  if (items) return items;
  throw hoconError(
    value.at,
    `Cannot read ${where}: it is a ${kindOf(value)}, expected a list`,
    "write [ … ]",
  );
}

export function textsAt(value: Resolved | undefined, where: string): string[] {
  return listAt(value, where).map((item, i) => textAt(item, `${where}.${i}`)!);
}

export function mapAt(value: Resolved | undefined, where: string): Map<string, string> {
  const fields = objectAt(value, where)?.fields ?? new Map<string, Resolved>();
  const present = [...fields].filter(([, item]) => !(item.kind === "scalar" && item.type === "null"));
  return new Map(present.map(([key, item]) => [key, textAt(item, `${where}.${key}`)!]));
}

export function flagAt(value: Resolved | undefined, where: string): boolean {
  const text = textAt(value, where);
  if (text === undefined || ["false", "no", "off"].includes(text)) return false;
  if (["true", "yes", "on"].includes(text)) return true;
  throw hoconError(value!.at, `Cannot read ${where}: it is "${text}", expected true or false`);
}

/** A whole number from 0 to `max`. With `octal`, digits after a leading 0 (or 0o) count as octal, as for modes. */
export function numberAt(
  value: Resolved | undefined,
  where: string,
  max: number,
  octal = false,
): number | undefined {
  const text = textAt(value, where);
  if (text === undefined) return undefined;
  const isOctal = octal && /^0o?[0-7]+$/.test(text);
  const number = isOctal
    ? Number.parseInt(text.replace("o", ""), 8)
    : /^\d+$/.test(text)
      ? Number(text)
      : Number.NaN;
  if (number <= max) return number;
  const range = octal ? "a mode such as 0755" : `a whole number from 0 to ${max}`;
  throw hoconError(value!.at, `Cannot read ${where}: it is "${text}", expected ${range}`);
}
