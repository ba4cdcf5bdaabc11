// hot path: once for each alert
import { responseSchema } from "../../../proto/gen/outputs_pb.ts";
import { source as oldSource } from "../../../proto/gen/schema_pb.ts";
import { type Alert, type FieldValue, PRIORITIES } from "../../outputs/alert.ts";

const SECOND = 1_000_000_000n;

const OLD_SOURCES: Readonly<Record<string, number>> = {
  syscall: oldSource.SYSCALL,
  k8s_audit: oldSource.K8S_AUDIT,
  internal: oldSource.INTERNAL,
};
const PRIORITY_NUMBERS = new Map<string, number>(PRIORITIES.map((name, number) => [name, number]));

const VARINT = 0;
const LENGTH_DELIMITED = 2;
const { field } = responseSchema;
const tag = (number: number, wireType: number): number => (number << 3) | wireType;
const TAG = {
  time: tag(field.time.number, LENGTH_DELIMITED),
  priority: tag(field.priority.number, VARINT),
  sourceDeprecated: tag(field.sourceDeprecated.number, VARINT),
  rule: tag(field.rule.number, LENGTH_DELIMITED),
  output: tag(field.output.number, LENGTH_DELIMITED),
  outputFields: tag(field.outputFields.number, LENGTH_DELIMITED),
  hostname: tag(field.hostname.number, LENGTH_DELIMITED),
  tags: tag(field.tags.number, LENGTH_DELIMITED),
  source: tag(field.source.number, LENGTH_DELIMITED),
  // Of a map's entry, and of google.protobuf.Timestamp.
  key: tag(1, LENGTH_DELIMITED),
  value: tag(2, LENGTH_DELIMITED),
  seconds: tag(1, VARINT),
  nanos: tag(2, VARINT),
} as const;

function json(value: FieldValue): string {
  if (Array.isArray(value)) return `[${value.map(json).join(",")}]`;
  return typeof value === "bigint" ? value.toString() : JSON.stringify(value);
}

/** Text of a field as the published server wrote it: strings as they are, everything else as JSON. */
const fieldText = (value: FieldValue): string => (typeof value === "string" ? value : json(value));

let scratch = Buffer.allocUnsafeSlow(1 << 16);

/** Writes a number below 2^53 as a varint; returns where it ends. */
function varint(at: number, value: number): number {
  let rest = value;
  let end = at;
  while (rest > 0x7f) {
    scratch[end++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  scratch[end++] = rest;
  return end;
}

/** Bytes that a text of a map's entry takes in UTF-8, its length in front included. */
function sizeOf(text: string): number {
  const size = Buffer.byteLength(text);
  return size + (size < 0x80 ? 1 : size < 0x4000 ? 2 : size < 0x20_0000 ? 3 : 5);
}

/** Writes a tag and a text. Most are short enough for the length to be one byte, whatever the characters. */
function text(at: number, tag: number, value: string): number {
  scratch[at] = tag;
  if (value.length * 3 < 0x80) {
    const size = scratch.write(value, at + 2);
    scratch[at + 1] = size;
    return at + 2 + size;
  }
  const start = varint(at + 1, Buffer.byteLength(value));
  return start + scratch.write(value, start);
}

/** proto3 leaves out what is empty. */
const optional = (at: number, tag: number, value: string): number =>
  value === "" ? at : text(at, tag, value);

function timestamp(at: number, time: bigint): number {
  scratch[at] = TAG.time;
  scratch[at + 2] = TAG.seconds;
  const seconds = varint(at + 3, Number(time / SECOND));
  scratch[seconds] = TAG.nanos;
  const end = varint(seconds + 1, Number(time % SECOND));
  scratch[at + 1] = end - at - 2;
  return end;
}

/** More bytes than the alert can take: three a character of UTF-16, and room for tags and lengths. */
function bound(alert: Alert, output: string, values: readonly string[]): number {
  let size = output.length + alert.rule.length + alert.hostname.length + alert.source.length;
  let parts = 8;
  for (const one of alert.tags) size += one.length;
  for (const name in alert.fields) size += name.length;
  for (const value of values) size += value.length;
  parts += alert.tags.length + values.length * 3;
  return size * 3 + parts * 8;
}

/**
 * An alert as a serialised `falco.outputs.response` (proto/outputs.proto). Written by hand because the general
 * serialiser takes ten times as long, and this runs for every alert in the loop that feeds all outputs.
 */
export function alertMessage(alert: Alert, output: string = alert.message): Buffer {
  const values = Object.values(alert.fields).map(fieldText);
  const most = bound(alert, output, values);
  if (most > scratch.length) scratch = Buffer.allocUnsafeSlow(most * 2);
  let at = timestamp(0, alert.time);
  const priority = PRIORITY_NUMBERS.get(alert.priority)!;
  if (priority !== 0) {
    scratch[at++] = TAG.priority;
    scratch[at++] = priority;
  }
  const source = OLD_SOURCES[alert.source] ?? oldSource.PLUGIN;
  if (source !== 0) {
    scratch[at++] = TAG.sourceDeprecated;
    scratch[at++] = source;
  }
  at = optional(at, TAG.rule, alert.rule);
  at = optional(at, TAG.output, output);
  let i = 0;
  for (const name in alert.fields) {
    const value = values[i++]!;
    scratch[at++] = TAG.outputFields;
    at = varint(at, 2 + sizeOf(name) + sizeOf(value));
    at = text(text(at, TAG.key, name), TAG.value, value);
  }
  at = optional(at, TAG.hostname, alert.hostname);
  for (const one of alert.tags) at = text(at, TAG.tags, one);
  at = optional(at, TAG.source, alert.source);
  const message = Buffer.allocUnsafe(at);
  scratch.copy(message, 0, 0, at);
  return message;
}
