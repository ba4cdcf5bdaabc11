import { isSeldom } from "../ffi/seldom.ts";
import { clockText, isoText, splitTime } from "../time-text.ts";
import type { Alert, FieldValue } from "./alert.ts";

export interface FormatOptions {
  readonly json: boolean;
  readonly includeOutput: boolean;
  readonly includeMessage: boolean;
  readonly includeFields: boolean;
  readonly includeTags: boolean;
  readonly iso8601: boolean;
}

/** The source of alerts that the program raises about itself; they have their own shape. */
export const INTERNAL_SOURCE = "internal";

/**
 * The line of an alert without its line end, as falco has always printed it:
 * `TIME: PRIORITY TEXT`, or a JSON object with sorted keys.
 */
export function formatAlert(alert: Alert, options: FormatOptions): string {
  if (alert.source === INTERNAL_SOURCE) return formatInternal(alert, options);
  const time = options.iso8601 ? isoText(alert.time, "+0000") : clockText(alert.time);
  const line = `${time}: ${alert.priority} ${alert.message}`;
  if (!options.json) return lineText(line);
  let out = `{"hostname":${jsonText(alert.hostname)}`;
  if (options.includeMessage) out += `,"message":${jsonText(alert.message)}`;
  if (options.includeOutput) out += `,"output":${jsonText(line)}`;
  if (options.includeFields) {
    const timeField = options.iso8601 ? "evt.time.iso8601" : "evt.time";
    out += `,"output_fields":${jsonFields(alert.fields, timeField, alert.time)}`;
  }
  out += `,"priority":"${alert.priority}","rule":${jsonText(alert.rule)},"source":${jsonText(alert.source)}`;
  if (options.includeTags) out += `,"tags":[${[...alert.tags].sort().map(jsonText).join(",")}]`;
  return `${out},"time":"${isoText(alert.time, "Z")}"}`;
}

/** Alerts about falco itself (drops, metrics, failed reloads): the fields follow the text, tags are left out. */
function formatInternal(alert: Alert, options: FormatOptions): string {
  if (options.json) {
    return (
      `{"hostname":${jsonText(alert.hostname)},"output":${jsonText(alert.message)}` +
      `,"output_fields":${jsonFields(alert.fields)},"priority":"${alert.priority}"` +
      `,"rule":${jsonText(alert.rule)},"source":"${INTERNAL_SOURCE}","time":"${isoText(alert.time, "Z")}"}`
    );
  }
  const fields = Object.keys(alert.fields)
    .sort()
    .map((name) => `${name}=${jsonValue(alert.fields[name]!)}`);
  return `${clockText(alert.time)}: ${alert.priority} ${alert.message} (${fields.join(" ")})`;
}

/** Characters that a text line must not hold as they are: quotes, control characters, halves of pairs. */
const UNSAFE = /["\\\u0000-\u001f\ud800-\udfff]/;

const jsonText = (text: string): string =>
  UNSAFE.test(text) ? JSON.stringify(text.toWellFormed()) : `"${text}"`;

const BREAKING = /[\u0000-\u001f\ud800-\udfff]/;
const CONTROLS = /[\u0000-\u001f]/g;

/** A line of text stays one line, whatever names a program gives its files; all else is printed as it is. */
const lineText = (text: string): string =>
  BREAKING.test(text)
    ? text.toWellFormed().replace(CONTROLS, (character) => jsonText(character).slice(1, -1))
    : text;

/** Sorted fields; the time field is added where the rule's own fields do not hold it. */
function jsonFields(fields: Alert["fields"], timeName?: string, time?: bigint): string {
  const names = Object.keys(fields);
  if (timeName !== undefined && !Object.hasOwn(fields, timeName)) names.push(timeName);
  names.sort();
  let out = "{";
  for (const name of names) {
    if (out.length > 1) out += ",";
    out += `${jsonText(name)}:${name === timeName ? time : jsonValue(fields[name]!)}`;
  }
  return `${out}}`;
}

/** A value as JSON; integers of 64 bits keep all their digits. */
export function jsonValue(value: FieldValue): string {
  if (typeof value === "string") return jsonText(value);
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : "null";
  if (value === null) return "null";
  if (typeof value === "object") return `[${value.map(jsonValue).join(",")}]`;
  return String(value);
}

isSeldom(formatAlert, jsonFields, jsonValue, jsonText, lineText, clockText, isoText, splitTime);
