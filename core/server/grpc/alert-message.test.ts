import { expect, test } from "bun:test";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { responseSchema } from "../../../proto/gen/outputs_pb.ts";
import { type Alert, type FieldValue, PRIORITIES } from "../../outputs/alert.ts";
import { alertMessage } from "./alert-message.ts";

const base: Alert = {
  time: 1_700_000_000_123_456_789n,
  rule: "r",
  priority: "Notice",
  source: "okta",
  hostname: "node-1",
  message: "it happened",
  tags: ["a", "b"],
  fields: {},
};

test("alertMessage() writes fields as the published server did: text as is, everything else as JSON", () => {
  const fields = { s: "x", n: 12, b: true, none: null, big: 2n ** 63n, list: ["a", 18446744073709551615n] };
  const message = fromBinary(responseSchema, alertMessage({ ...base, fields }, "12:00: it happened"));
  expect(message.outputFields).toEqual({
    s: "x",
    n: "12",
    b: "true",
    none: "null",
    big: "9223372036854775808",
    list: '["a",18446744073709551615]',
  });
  expect([message.time?.seconds, message.time?.nanos]).toEqual([1_700_000_000n, 123_456_789]);
  expect([message.priority, message.sourceDeprecated, message.source]).toEqual([5, 3, "okta"]);
  expect(message.output).toBe("12:00: it happened");
});

test("alertMessage() writes what the general serialiser writes, for any texts and lengths", () => {
  const word = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 60 }),
    fc.string({ minLength: 120, maxLength: 400 }),
    fc.integer({ min: 0, max: 40_000 }).map((size) => "ü".repeat(size)),
  );
  const alerts = fc.record({
    time: fc.bigInt({ min: 0n, max: 2n ** 63n }),
    rule: word,
    priority: fc.constantFrom(...PRIORITIES),
    source: fc.constantFrom("syscall", "k8s_audit", "internal", "okta", ""),
    hostname: word,
    message: word,
    tags: fc.array(word, { maxLength: 4 }),
    fields: fc
      .array(fc.tuple(word, word), { maxLength: 6 })
      .map((pairs) => Object.fromEntries(pairs.filter(([name]) => name !== "__proto__"))),
  });
  fc.assert(
    fc.property(alerts, (alert: Alert) => {
      const sources = { syscall: 0, k8s_audit: 1, internal: 2 } as Readonly<Record<string, 0 | 1 | 2>>;
      const expected = create(responseSchema, {
        time: { seconds: alert.time / 1_000_000_000n, nanos: Number(alert.time % 1_000_000_000n) },
        priority: PRIORITIES.indexOf(alert.priority) as 0,
        sourceDeprecated: sources[alert.source] ?? 3,
        rule: alert.rule,
        output: alert.message,
        outputFields: alert.fields as Record<string, string>,
        hostname: alert.hostname,
        tags: [...alert.tags],
        source: alert.source,
      });
      const normal = fromBinary(responseSchema, toBinary(responseSchema, expected));
      expect(fromBinary(responseSchema, alertMessage(alert))).toEqual(normal);
    }),
    { numRuns: 300 },
  );
});

test("alertMessage() keeps messages apart: one is not changed by the next", () => {
  const first = alertMessage(base);
  const copy = Buffer.from(first);
  const fields: Record<string, FieldValue> = { long: "y".repeat(200_000) };
  alertMessage({ ...base, fields });
  alertMessage({ ...base, rule: "z" });
  expect(first.equals(copy)).toBe(true);
});
