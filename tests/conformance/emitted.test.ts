import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { ScapSource } from "../../core/capture/scap/scap-source.ts";
import { Engine } from "../../core/engine/engine.ts";
import { Ruleset } from "../../core/engine/ruleset.ts";
import { RulesLoader } from "../../core/rules/load/rules-loader.ts";
import { State } from "../../core/state/state.ts";
import { registry } from "./conditions.ts";
import { CONFORMANCE, CONFORMANCE_MISSING } from "./location.ts";

const EVERY_EVENT = `
- rule: every event
  desc: Matches whatever a rule can see.
  condition: evt.num >= 0
  output: x
  priority: DEBUG
`;

const captures = CONFORMANCE_MISSING
  ? []
  : readdirSync(join(CONFORMANCE, "captures")).map((file) => file.slice(0, -".scap".length));

/** Numbers of the events that a rule without conditions matches. */
async function matched(capture: string): Promise<number[]> {
  const loader = new RulesLoader({ registry });
  expect(loader.load("every.yaml", EVERY_EVENT).successful).toBe(true);
  const numbers: number[] = [];
  const engine = new Engine(new State(), new Ruleset(loader.compiled.rules, false), (_rule, { event }) =>
    numbers.push(event.num),
  );
  const source = new ScapSource(join(CONFORMANCE, `captures/${capture}.scap`));
  await source.open(engine);
  while ((await source.pump(engine)) >= 0);
  source.close();
  return numbers;
}

/** Numbers of the events that the reference's rule on every event matched. */
function expected(capture: string): number[] {
  const answers = gunzipSync(readFileSync(join(CONFORMANCE, `fields/${capture}.jsonl.gz`))).toString();
  return Array.from(answers.matchAll(/"evt\.num": ?(\d+)/g), ([, digits]) => Number(digits));
}

if (CONFORMANCE_MISSING) console.warn(`skipped: ${CONFORMANCE_MISSING}`);

describe.skipIf(CONFORMANCE_MISSING !== undefined)("a rule on every event", () => {
  test.each(captures)(
    "matches in %s what the reference shows to rules, and nothing else",
    async (capture) => {
      expect(await matched(capture)).toEqual(expected(capture));
    },
  );
});
