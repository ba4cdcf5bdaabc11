import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { alertsOf, expectedAlerts, sortedAlerts } from "./alerts.ts";
import { CONFORMANCE, CONFORMANCE_MISSING } from "./location.ts";

if (CONFORMANCE_MISSING) console.warn(`skipped: ${CONFORMANCE_MISSING}`);

const captures = CONFORMANCE_MISSING
  ? []
  : readdirSync(join(CONFORMANCE, "alerts")).map((file) => file.replace(/\.jsonl$/, ""));

describe.skipIf(CONFORMANCE_MISSING !== undefined)("alerts of the three public rule files", () => {
  for (const capture of captures) {
    test(`on ${capture}.scap are those of the reference, byte for byte`, async () => {
      expect(sortedAlerts(await alertsOf(capture))).toEqual(sortedAlerts(expectedAlerts(capture)));
    }, 120_000);
  }
});
