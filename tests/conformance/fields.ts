import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Context } from "../../core/fields/field.ts";
import type { TemplateField } from "../../core/rules/output/template.ts";
import { EXCEPTIONS } from "./exceptions.ts";
import { type Json, jsonValue, outputFields } from "./json-value.ts";
import { CONFORMANCE } from "./location.ts";
import { replay } from "./replay.ts";

/** Agreement of one field in one capture. */
export interface FieldScore {
  readonly key: string;
  equal: number;
  total: number;
  /** Differences with a reason (exceptions.ts); not part of the total. */
  excepted: number;
  /** The first differences, to look into. */
  readonly examples: string[];
}

export interface CaptureScore {
  readonly capture: string;
  readonly fields: readonly FieldScore[];
  /** Events that the reference emits, and how many of those the replay saw, in the same order. */
  readonly expectedEvents: number;
  readonly seenEvents: number;
}

type Row = Readonly<Record<string, Json>>;

interface Column {
  readonly field: TemplateField;
  readonly score: FieldScore;
}

const EXAMPLES = 3;
/** Renderings of the time and of the machine that replayed; not among the known answers. */
const LEFT_OUT = /^evt\.(time|datetime|reltime|deltatime|hostname|rawtime\.)/;

/** 64-bit integers beyond 2^53 stay exact. */
function parseRow(line: string): Row {
  return JSON.parse(line, (_key, value: unknown, context?: { source?: string }) =>
    typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value)
      ? BigInt(context!.source!)
      : value,
  ) as Row;
}

/** Fields of the rule that prints every field: the keys of the known answers. */
function columns(): Column[] {
  const rule = readFileSync(join(CONFORMANCE, "rules/every-field.yaml"), "utf8");
  return outputFields(/^ {2}output: "(.*)"$/m.exec(rule)![1]!)
    .filter(({ name }) => !LEFT_OUT.test(name))
    .map((field) => ({
      field,
      score: { key: field.name, equal: 0, total: 0, excepted: 0, examples: [] },
    }));
}

function isEqual(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, i) => isEqual(item, b[i]));
  if (typeof a === "bigint" || typeof b === "bigint") return String(a) === String(b);
  return typeof a === "number" && typeof b === "number" && Math.abs(a - b) < 1e-9 * Math.max(1, Math.abs(a));
}

const isExcepted = (capture: string, key: string, ours: Json, theirs: Json): boolean =>
  EXCEPTIONS.some(
    ({ fields, captures, when }) =>
      fields.includes(key) && (captures?.includes(capture) ?? true) && (when?.(ours, theirs) ?? true),
  );

/**
 * Replays a capture and compares the fields of every event with the reference's; with a `stride`, of every so
 * many-th event. Number and order of events are compared in any case. `file` may be a copy of the capture.
 */
export async function scoreCapture(
  capture: string,
  stride = 1,
  file = join(CONFORMANCE, `captures/${capture}.scap`),
): Promise<CaptureScore> {
  const answers = gunzipSync(readFileSync(join(CONFORMANCE, `fields/${capture}.jsonl.gz`))).toString();
  const lines = answers.trimEnd().split("\n");
  const { constant = {} } = parseRow(lines[0]!) as unknown as { constant?: Row };
  const compared = columns();
  let next = 1;
  let expected = next < lines.length ? parseRow(lines[next]!) : undefined;
  let seen = 0;
  await replay(file, (context) => {
    if (!expected || expected["evt.num"] !== context.event.num) return;
    seen++;
    if (seen % stride === 0) compareEvent(capture, context, compared, expected, constant);
    next++;
    expected = next < lines.length ? parseRow(lines[next]!) : undefined;
  });
  return {
    capture,
    fields: compared.map(({ score }) => score),
    expectedEvents: lines.length - 1,
    seenEvents: seen,
  };
}

/** Adds one event to the scores of all fields. */
function compareEvent(
  capture: string,
  context: Context,
  compared: readonly Column[],
  expected: Row,
  constant: Row,
): void {
  for (const { field, score } of compared) {
    const { key } = score;
    const want = expected[key] ?? constant[key] ?? null;
    const got = jsonValue(field, context);
    if (want === null && got === null) continue;
    const equal = isEqual(want, got);
    if (!equal && isExcepted(capture, key, got, want)) {
      score.excepted++;
      continue;
    }
    score.total++;
    if (equal) score.equal++;
    else if (score.examples.length < EXAMPLES) {
      score.examples.push(
        `#${context.event.num} ${show(expected["evt.type"])}: ${show(got)}, not ${show(want)}`,
      );
    }
  }
}

const show = (value: Json | undefined): string =>
  typeof value === "bigint" ? String(value) : JSON.stringify(value)?.slice(0, 160);

/** Equal and compared values of all fields. */
export function totals(fields: readonly FieldScore[]): { equal: number; total: number } {
  return fields.reduce((sum, { equal, total }) => ({ equal: sum.equal + equal, total: sum.total + total }), {
    equal: 0,
    total: 0,
  });
}
