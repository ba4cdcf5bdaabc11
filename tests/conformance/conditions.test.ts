import { describe, expect, test } from "bun:test";
import { RulesLoader } from "../../core/rules/load/rules-loader.ts";
import { answersFor, compareConditions, registry } from "./conditions.ts";
import { CONFORMANCE_MISSING } from "./location.ts";

if (CONFORMANCE_MISSING) console.warn(`skipped: ${CONFORMANCE_MISSING}`);

describe.skipIf(CONFORMANCE_MISSING !== undefined)("generated conditions", () => {
  for (const capture of ["files", "network"]) {
    test(`match the same events of ${capture}.scap as in the reference`, async () => {
      const { rules, differences } = await compareConditions(capture);
      expect(rules).toBeGreaterThan(200);
      expect(differences).toEqual([]);
    }, 120_000);

    test(`that the reference refuses for ${capture}.yaml are refused with its code and message`, () => {
      for (const { condition, code, message } of answersFor(capture).refused) {
        const text = `- rule: r\n  desc: d\n  condition: >\n    ${condition}\n  output: x\n  priority: INFO\n`;
        const [error] = new RulesLoader({ registry }).load("refused.yaml", text).errors;
        expect<object>({
          condition,
          code: error?.code as string | undefined,
          message: error?.message as string | undefined,
        }).toEqual({
          condition,
          code,
          message,
        });
      }
    });
  }
});
