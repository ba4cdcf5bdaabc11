import type { EventCursor } from "../event/cursor.ts";
import { normalizeCgroups } from "./cgroups.ts";
import { TextsCache } from "./texts-cache.ts";

/** A text parameter; one that is missing, or `(NULL)` as old captures write it, reads as `<NA>`. */
export function textParam(event: EventCursor, index: number): string {
  if (event.size(index) === 0) return "<NA>";
  const text = event.text(index);
  return text === "(NULL)" ? "<NA>" : text;
}

/** Texts each ended by NUL: arguments, environment, control groups. */
export function textsParam(event: EventCursor, index: number): string[] {
  const size = event.size(index);
  if (size === 0) return [];
  const at = event.at(index);
  const end = event.bytes[at + size - 1] === 0 ? at + size - 1 : at + size;
  return end === at ? [] : event.bytes.utf8Slice(at, end).split("\0");
}

const args = new TextsCache<readonly string[]>(textsParam);
const env = new TextsCache<readonly string[]>(textsParam);
const cgroups = new TextsCache<readonly string[] | undefined>((event, index) =>
  normalizeCgroups(textsParam(event, index)),
);

/** Arguments of a process; the list is shared, as are the following. */
export const argsOf = (event: EventCursor, index: number): readonly string[] => args.get(event, index);
export const envOf = (event: EventCursor, index: number): readonly string[] => env.get(event, index);
/** Control groups by the names users know; undefined when the list is not to be believed. */
export const cgroupsOf = (event: EventCursor, index: number): readonly string[] | undefined =>
  cgroups.get(event, index);

/** An inode number: a bigint only where a number would not be exact. */
export function inodeParam(event: EventCursor, index: number): number | bigint {
  const value = event.uint(index, 0);
  return Number.isSafeInteger(value) ? value : event.bigint(index, false);
}
