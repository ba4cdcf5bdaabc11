import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { EXCEPTIONS } from "./exceptions.ts";
import { type CaptureScore, type FieldScore, scoreCapture, totals } from "./fields.ts";
import { CONFORMANCE, CONFORMANCE_MISSING } from "./location.ts";

/** Every event of all captures takes a minute; by default the three large ones are sampled. */
const FULL = process.env.FALCO_CONFORMANCE_FULL !== undefined;
const LARGE: ReadonlySet<string> = new Set(["containers", "files", "network"]);
const STRIDE = 11;
const LEAST_AGREEMENT = 0.999;
const WORST = 5;

const percent = (equal: number, total: number): string => `${((100 * equal) / total).toFixed(3)} %`;

function report({ capture, fields, seenEvents, expectedEvents }: CaptureScore): string {
  const { equal, total } = totals(fields);
  const excepted = fields.reduce((sum, field) => sum + field.excepted, 0);
  const worst = fields
    .filter((field) => field.equal < field.total)
    .sort((a, b) => a.equal / a.total - b.equal / b.total)
    .slice(0, WORST)
    .map((field) => `    ${field.key} ${field.equal}/${field.total}: ${field.examples.join("; ")}`);
  const head = `${capture}: ${equal}/${total} values equal (${percent(equal, total)}), ${excepted} excepted`;
  return [`${head}, ${seenEvents}/${expectedEvents} events`, ...worst].join("\n");
}

/** Per field over all captures, for those who look for what to mend. */
function reportFields(all: readonly FieldScore[]): string {
  const byKey = new Map<string, { equal: number; total: number }>();
  for (const { key, equal, total } of all) {
    const sum = byKey.get(key) ?? { equal: 0, total: 0 };
    byKey.set(key, { equal: sum.equal + equal, total: sum.total + total });
  }
  const lines = [...byKey].map(([key, { equal, total }]) => `${key} ${equal}/${total}`);
  return `${lines.length} fields: ${lines.join(", ")}`;
}

describe.skipIf(CONFORMANCE_MISSING !== undefined)("fields of the known captures", () => {
  const all: FieldScore[] = [];
  const captures = CONFORMANCE_MISSING
    ? []
    : readdirSync(join(CONFORMANCE, "captures")).map((file) => file.replace(".scap", ""));

  for (const capture of captures) {
    test(`${capture}: events come in the reference's number and order, and ≥ 99.9 % of values are equal`, async () => {
      const score = await scoreCapture(capture, LARGE.has(capture) && !FULL ? STRIDE : 1);
      console.log(report(score));
      all.push(...score.fields);
      expect(score.seenEvents).toBe(score.expectedEvents);
      const { equal, total } = totals(score.fields);
      expect(equal / total).toBeGreaterThanOrEqual(LEAST_AGREEMENT);
    }, 300_000);
  }

  test("≥ 99.9 % of all values are equal", () => {
    const { equal, total } = totals(all);
    console.log(reportFields(all));
    console.log(`all captures: ${equal}/${total} values equal (${percent(equal, total)})`);
    expect(total).toBeGreaterThan(0);
    expect(equal / total).toBeGreaterThanOrEqual(LEAST_AGREEMENT);
  });

  test("EXCEPTIONS each still except something", () => {
    const excepted = new Set(all.filter((field) => field.excepted > 0).map((field) => field.key));
    for (const { fields, reason } of EXCEPTIONS) {
      expect({ reason, used: fields.some((key) => excepted.has(key)) }).toEqual({ reason, used: true });
    }
  });
});

test.if(CONFORMANCE_MISSING !== undefined)("fields of the known captures: skipped", () => {
  console.log(`skipped: ${CONFORMANCE_MISSING}`);
});
