import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CONFORMANCE } from "../../tests/conformance/location.ts";
import { sampleAlert } from "../../tests/harness/alert.ts";
import { PRIORITIES } from "./alert.ts";
import { AlertCounts, formatStatistics } from "./statistics.ts";

test("formatStatistics counts by severity, most severe first, and by rule as rules were defined", () => {
  const counts = new AlertCounts();
  for (const [rule, priority] of [
    ["b", "Notice"],
    ["a", "Critical"],
    ["b", "Notice"],
    ["gone", "Informational"],
  ] as const) {
    counts.add(sampleAlert({ rule, priority }));
  }
  expect(formatStatistics(counts, ["a", "unused", "b"])).toBe(
    "Events detected: 4\nRule counts by severity:\n   CRITICAL: 1\n   NOTICE: 2\n   INFO: 1\n" +
      "Triggered rules by rule name:\n   a: 1\n   b: 2\n   gone: 1\n",
  );
  expect(formatStatistics(new AlertCounts(), ["a"])).toBe(
    "Events detected: 0\nRule counts by severity:\nTriggered rules by rule name:\n",
  );
  expect([...counts.byTag]).toEqual([
    ["filesystem", 4],
    ["T1555", 4],
  ]);
});

const recorded = join(CONFORMANCE, "surface/replay-stdout.txt");
if (!existsSync(recorded)) console.error(`skipped: no recorded replay at ${recorded} (FALCO_CONFORMANCE)`);
test.skipIf(!existsSync(recorded))("formatStatistics gives the recorded summary of a replay back", () => {
  const output = readFileSync(recorded, "utf8");
  const summary = output.slice(output.indexOf("Events detected:"));
  const rules = [...summary.slice(summary.indexOf("Triggered")).matchAll(/^ {3}(.+): (\d+)$/gm)];
  const priorities = [...output.matchAll(/^\d\d:\d\d:\d\d\.\d{9}: (\w+) /gm)].map((match) => match[1]);
  const counts = new AlertCounts();
  // Which rule raised which line is not recorded; the summary only needs the numbers of each.
  let next = 0;
  for (const [, rule, count] of rules) {
    for (let i = 0; i < Number(count); i++) {
      const given = priorities[next++];
      const priority = PRIORITIES.find((name) => name === given)!;
      counts.add(sampleAlert({ rule: rule!, priority }));
    }
  }
  expect(counts.total).toBeGreaterThan(5);
  expect(
    formatStatistics(
      counts,
      rules.map((match) => match[1]!),
    ),
  ).toBe(summary);
});
