import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CONFORMANCE } from "../../tests/conformance/location.ts";
import { sampleAlert } from "../../tests/harness/alert.ts";
import type { Alert, FieldValue, Priority } from "./alert.ts";
import { type FormatOptions, formatAlert } from "./format.ts";

const text: FormatOptions = {
  json: false,
  includeOutput: true,
  includeMessage: false,
  includeFields: true,
  includeTags: true,
  iso8601: false,
};
const json: FormatOptions = { ...text, json: true };

test("formatAlert keeps a text line one line, and leaves quotes and backslashes in it as they are", () => {
  const alert = sampleAlert({ message: 'a "b" \\ \n \u0001 \ud800 é' });
  expect(formatAlert(alert, { ...text, iso8601: true })).toBe(
    '2026-11-20T23:28:51.890980689+0000: Warning a "b" \\ \\n \\u0001 \ufffd é',
  );
});

test("formatAlert prints the time of day of this machine's zone", () => {
  const line = formatAlert(sampleAlert(), text);
  const local = new Date(1795217331890);
  const clock = [local.getHours(), local.getMinutes(), local.getSeconds()].map((n) =>
    String(n).padStart(2, "0"),
  );
  expect(line).toStartWith(`${clock.join(":")}.890980689: Warning Sensitive`);
});

test("formatAlert leaves out of the JSON what its settings leave out", () => {
  const keys = (options: Partial<FormatOptions>): string[] =>
    Object.keys(JSON.parse(formatAlert(sampleAlert(), { ...json, ...options })));
  const always = ["hostname", "priority", "rule", "source", "time"];
  const none = { includeOutput: false, includeFields: false, includeTags: false };
  expect(keys(none)).toEqual(always);
  expect(keys({})).toEqual([...always, "output", "output_fields", "tags"].sort());
  expect(keys({ ...none, includeMessage: true })).toEqual([...always, "message"].sort());
});

test("formatAlert keeps all digits of 64-bit integers and adds the time field it is asked for", () => {
  const alert = sampleAlert({
    fields: { "b.big": 18446744073709551615n, "a.list": [1, "x", null], "z.nan": Number.NaN },
  });
  expect(formatAlert(alert, json)).toContain(
    '"output_fields":{"a.list":[1,"x",null],"b.big":18446744073709551615,"evt.time":1795217331890980689,"z.nan":null}',
  );
  expect(formatAlert(alert, { ...json, iso8601: true })).toContain('"evt.time.iso8601":1795217331890980689');
});

test("formatAlert prints alerts about falco itself with their fields and without tags", () => {
  const alert = sampleAlert({
    source: "internal",
    message: "Drops. 3 lost",
    fields: { n_drops: "3", a: 1.5 },
  });
  expect(formatAlert(alert, text)).toEndWith(': Warning Drops. 3 lost (a=1.5 n_drops="3")');
  expect(JSON.parse(formatAlert(alert, json))).toEqual({
    hostname: "vm",
    output: "Drops. 3 lost",
    output_fields: { a: 1.5, n_drops: "3" },
    priority: "Warning",
    rule: alert.rule,
    source: "internal",
    time: "2026-11-20T23:28:51.890980689Z",
  });
});

/** A recorded line back to the alert it came from. Long integers become bigint before JSON.parse can round them. */
function parseRecorded(line: string): Alert {
  const marked = line.replace(/([:[,])(-?\d{16,})(?=[,}\]])/g, '$1"@int $2"');
  const parsed = JSON.parse(marked, (_, value: unknown) =>
    typeof value === "string" && value.startsWith("@int ") ? BigInt(value.slice(5)) : value,
  ) as Record<string, unknown>;
  const [, priority, message] = /^\S+: (\S+) ([\s\S]*)$/.exec(String(parsed.output))!;
  const fields = { ...(parsed.output_fields as Record<string, FieldValue>) };
  const time = fields["evt.time"] as bigint;
  delete fields["evt.time"];
  return {
    time,
    rule: String(parsed.rule),
    priority: priority as Priority,
    source: String(parsed.source),
    hostname: String(parsed.hostname),
    message: message!,
    tags: (parsed.tags as string[]).toReversed(),
    fields,
  };
}

const recorded = join(CONFORMANCE, "alerts");
if (!existsSync(recorded)) console.error(`skipped: no recorded alerts in ${recorded} (FALCO_CONFORMANCE)`);
test.skipIf(!existsSync(recorded))("formatAlert gives every recorded alert back byte for byte", () => {
  const lines = readdirSync(recorded)
    .flatMap((name) => readFileSync(join(recorded, name), "utf8").split("\n"))
    .filter((line) => line !== "");
  expect(lines.length).toBeGreaterThan(50);
  // The time of day is that of the zone where an alert is printed; the recording machine's was UTC.
  const anyZone = (line: string): string => line.replace(/"output":"\d\d:\d\d:/, '"output":"HH:MM:');
  for (const line of lines) expect(anyZone(formatAlert(parseRecorded(line), json))).toBe(anyZone(line));
});
