import type { Context, FieldArg, FieldRead, Reader } from "./field.ts";
import { documentOf, type Json, jsonAt, jsonText, memberOf } from "./json-document.ts";

// What the fields of Kubernetes audit events are made of.

type List = readonly string[];
type Read<T extends FieldRead | List> = (event: Json, arg: FieldArg | undefined) => T | undefined;

/** A reader for audit events only: other JSON has no `auditID`. A list without elements is no value. */
export function ofAudit<T extends FieldRead | List>(read: Read<T>): Reader<T | undefined> {
  return (context: Context, arg) => {
    const event = documentOf(context)?.value;
    if (event === undefined || memberOf(event, "auditID") === undefined) return undefined;
    const value = read(event, arg);
    return Array.isArray(value) && value.length === 0 ? undefined : value;
  };
}

/** The value at a path, as text. */
export const textAt = (...path: string[]): Reader<string | undefined> =>
  ofAudit((event) => {
    const value = jsonAt(event, path);
    return value === undefined ? undefined : jsonText(value);
  });

/** The elements of the array at a path; with an argument that one only. */
export const listAt = (...path: string[]): Reader<List | undefined> =>
  ofAudit((event, arg) => {
    const value = jsonAt(event, path);
    return Array.isArray(value) ? chosen(value, arg?.index).map(jsonText) : undefined;
  });

const chosen = (items: readonly Json[], index: number | undefined): readonly Json[] =>
  index === undefined ? items : items.slice(index, index + 1);

/**
 * The values at a path that leads through arrays: one for each element, or for the element of that number only.
 * Elements without a value are `undefined`; so is the whole when there is no array to look through.
 */
export function eachAt(
  value: Json | undefined,
  path: List,
  index: number | undefined,
): (Json | undefined)[] | undefined {
  let found = value;
  for (const [i, name] of path.entries()) {
    if (Array.isArray(found)) return inArray(found, path.slice(i), index);
    found = memberOf(found, name);
    if (found === undefined) return undefined;
  }
  return [found];
}

function inArray(
  items: readonly Json[],
  path: List,
  index: number | undefined,
): (Json | undefined)[] | undefined {
  if (index !== undefined) return index < items.length ? eachAt(items[index], path, index) : undefined;
  const all: (Json | undefined)[] = [];
  for (const item of items) for (const value of eachAt(item, path, index) ?? [undefined]) all.push(value);
  return all;
}

/** Those that are there, as texts. */
export const texts = (values: readonly (Json | undefined)[]): string[] =>
  values.filter((value) => value !== undefined).map(jsonText);

/** Values that are themselves arrays, one after the other. */
export const flat = (values: readonly (Json | undefined)[]): Json[] =>
  values.flatMap((value) => (Array.isArray(value) ? value : []));

/** What is there at a path that leads through arrays. */
export const eachTextAt = (...path: string[]): Reader<List | undefined> =>
  ofAudit((event, arg) => {
    const values = eachAt(event, path, arg?.index);
    return values && texts(values);
  });

/** The elements of the arrays at a path that leads through arrays. */
export const eachElementAt = (...path: string[]): Reader<List | undefined> =>
  ofAudit((event, arg) => {
    const values = eachAt(event, path, arg?.index);
    return values && flat(values).map(jsonText);
  });

/** An image's name without tag and digest. A colon before the last slash is a registry's port. */
export function repositoryOf(image: string): string {
  const name = image.split("@", 1)[0]!;
  const colon = name.indexOf(":", name.lastIndexOf("/") + 1);
  return colon < 0 ? name : name.slice(0, colon);
}
