import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { RulesLoader } from "../../core/rules/load/rules-loader.ts";
import { registry } from "./conditions.ts";
import { CONFORMANCE, CONFORMANCE_MISSING } from "./location.ts";

if (CONFORMANCE_MISSING) console.warn(`skipped: ${CONFORMANCE_MISSING}`);

interface Expected {
  readonly exit: number;
  readonly text: string;
  readonly json: { readonly falco_load_results?: readonly object[] };
}

const FOLDER = join(CONFORMANCE, "validation");
const cases = CONFORMANCE_MISSING
  ? []
  : readdirSync(FOLDER)
      .filter((file) => file.endsWith(".yaml"))
      .map((file) => {
        const answer = readFileSync(join(FOLDER, file.replace(/\.yaml$/, ".expected.json")), "utf8");
        return { file, expected: JSON.parse(answer) as Expected };
      })
      // Two cases end at once because a plugin is not loaded; those are the validate command's to test.
      .filter(({ expected }) => expected.json.falco_load_results !== undefined);

describe.skipIf(CONFORMANCE_MISSING !== undefined)("validation", () => {
  for (const { file, expected } of cases) {
    for (const exact of [true, false]) {
      test(`of ${file} gives the reference's result, ${exact ? "read exactly" : "read fast"}`, () => {
        const content = readFileSync(join(FOLDER, file), "utf8");
        const result = new RulesLoader({ registry }).load(file, content, exact);
        expect(result.json() as object).toEqual(expected.json.falco_load_results![0]!);
        expect(`${result.validationText()}\n`).toBe(expected.text);
        expect(result.successful).toBe(expected.exit === 0);
      });
    }
  }
});
