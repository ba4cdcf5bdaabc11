import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { allMetrics, sampleMetricsInput } from "../../tests/harness/metrics-input.ts";
import { eventually, Workspace } from "../../tests/harness/programs.ts";
import type { Alert } from "../outputs/alert.ts";
import { formatAlert } from "../outputs/format.ts";
import { MetricsReporter } from "./reporter.ts";

const options = { ...allMetrics, interval: "100ms", output_rule: true, output_file: "" };
const deps = { input: sampleMetricsInput, log: () => undefined };

test("MetricsReporter pushes a snapshot each interval as falco's own alert", async () => {
  const pushed: Alert[] = [];
  const reporter = new MetricsReporter(options, { ...deps, push: (alert) => void pushed.push(alert) });
  reporter.start();
  expect(await eventually(() => pushed.length >= 3)).toBe(true);
  await reporter.stop();
  const line = formatAlert(pushed[0]!, {
    json: true,
    includeOutput: true,
    includeMessage: false,
    includeFields: true,
    includeTags: true,
    iso8601: false,
  });
  expect(line).toContain('"output":"Falco metrics snapshot"');
  expect(line).toContain(
    '"priority":"Informational","rule":"Falco internal: metrics snapshot","source":"internal"',
  );
  expect(line).toContain('"evt.time":1795217939512149239,');
});

test("MetricsReporter appends numbered lines to its file and nothing to the outputs", async () => {
  await using space = new Workspace();
  const file = space.file("metrics.jsonl");
  const reporter = new MetricsReporter(
    { ...options, output_rule: false, output_file: file },
    { ...deps, push: () => expect.unreachable() },
  );
  for (let i = 0; i < 3; i++) reporter.tick();
  await reporter.stop();
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  expect(lines.map((line) => (JSON.parse(line) as { sample: number }).sample)).toEqual([1, 2, 3]);
  expect(lines[0]).toStartWith('{"output_fields":{"evt.hostname":"vm",');
});

test("MetricsReporter logs a file that cannot be written, and goes on", async () => {
  const log: string[] = [];
  const reporter = new MetricsReporter(
    { ...options, output_rule: false, output_file: "/nonexistent/metrics.jsonl" },
    { ...deps, push: () => undefined, log: (_, message) => void log.push(message) },
  );
  reporter.tick();
  await reporter.stop();
  expect(log[0]).toStartWith("Cannot write metrics to /nonexistent/metrics.jsonl: ");
});
