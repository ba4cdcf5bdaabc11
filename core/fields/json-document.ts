import { isDeeperThan } from "../event/json-text.ts";
import { EVENT } from "../schema/event-codes.ts";
import type { Context } from "./field.ts";

/** A value of JSON. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json;
}

/** An event's data as JSON: its text, and what it says. */
export interface JsonDocument {
  readonly text: string;
  readonly value: Json;
}

/** Levels of nesting beyond which a text is not looked at: whatever shows a value walks down into it. */
export const MAX_DEPTH = 300;

const BRACE = 0x7b;
const BRACKET = 0x5b;

/** The object or array that a text is; undefined when it is none. */
export function parseDocument(text: string): JsonDocument | undefined {
  const first = text.charCodeAt(0);
  if ((first !== BRACE && first !== BRACKET) || isDeeperThan(text, MAX_DEPTH)) return undefined;
  try {
    return { text, value: JSON.parse(text) };
  } catch {
    // Data of a plugin that speaks no JSON, or a capture nobody could have written: the fields have no value.
    return undefined;
  }
}

// A source that has parsed its event already says so: it need not be done again.
let given: JsonDocument | undefined;
let givenBytes: Buffer | undefined;
let givenOffset = -1;

/** The document of the event whose record lies there, until the next call; nothing but what its data say. */
export function giveDocument(document: JsonDocument | undefined, bytes?: Buffer, offset = -1): void {
  given = document;
  givenBytes = bytes;
  givenOffset = offset;
}

// The document of the event looked at last: all fields of an event read from one parse.
let lastEvent: Context["event"] | undefined;
let lastNumber = -1;
let lastBytes: Buffer | undefined;
let lastOffset = -1;
let last: JsonDocument | undefined;

/** The data of an event of a plugin or client, when they are JSON; undefined for other events. Parsed once an event. */
export function documentOf({ event }: Context): JsonDocument | undefined {
  if (event.code !== EVENT.PLUGINEVENT_E) return undefined;
  if (given && event.bytes === givenBytes && event.offset === givenOffset) return given;
  if (
    event !== lastEvent ||
    event.num !== lastNumber ||
    event.bytes !== lastBytes ||
    event.offset !== lastOffset
  ) {
    last = parseDocument(event.slice(1).toString("utf8"));
    lastEvent = event;
    lastNumber = event.num;
    lastBytes = event.bytes;
    lastOffset = event.offset;
  }
  return last;
}

/** A member of an object, or an element of an array by its number. */
export function memberOf(value: Json | undefined, name: string): Json | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (Array.isArray(value)) return /^\d+$/.test(name) ? value[Number(name)] : undefined;
  return Object.hasOwn(value, name) ? (value as JsonObject)[name] : undefined;
}

/** What stands at the end of a path of names. */
export function jsonAt(value: Json | undefined, path: readonly string[]): Json | undefined {
  let found = value;
  for (const name of path) {
    if (found === undefined) return undefined;
    found = memberOf(found, name);
  }
  return found;
}

/** A value as a field shows it: texts as they are, all else as JSON. */
export const jsonText = (value: Json): string => (typeof value === "string" ? value : JSON.stringify(value));
