import { expect, test } from "bun:test";
import fc from "fast-check";
import { auditEvent } from "../../../tests/harness/audit-events.ts";
import { outlineOf } from "./outline.ts";
import { readPayload } from "./payload.ts";

const slices = (text: string): string[] =>
  outlineOf(text).items.map(({ start, end }) => text.slice(start, end));

test("an outline knows the elements of items and nothing else's", () => {
  expect(slices('{"a":[[1],2],"items": [ {"items":[5]} , [6,{}],"x,y]" ,7 ],"b":{"items":[8]}}')).toEqual([
    '{"items":[5]}',
    "[6,{}]",
    '"x,y]"',
    "7",
  ]);
  expect(slices('{"kind":"items","x":[1],"items":{"y":[2]}}')).toEqual([]);
  expect(slices('{"items":[]}')).toEqual([]);
  expect(slices('{"items":[1],"\\u0069tems":[2]}')).toEqual(["2"]);
});

test("an outline agrees with the parser on any list, however it is written", () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), fc.jsonValue(), fc.constantFrom(0, 2), (items, other, indent) => {
      const text = JSON.stringify({ other, items, more: [other] }, undefined, indent);
      expect(slices(text).map((slice) => JSON.parse(slice))).toEqual(JSON.parse(JSON.stringify(items)));
      expect(outlineOf(text).hasSpace).toBe(indent > 0);
    }),
  );
});

test("events keep their order and text, and come with what they say", () => {
  const [a, b] = [auditEvent({ auditID: "a", n: 1 }), auditEvent({ auditID: "b" })];
  const text = `{"items":[${JSON.stringify(a).replace('"n":1', '"n":1.0')}\n,${JSON.stringify(b)}],"kind":"EventList"}`;
  const { events, faults } = readPayload(text);
  expect(faults).toEqual([]);
  expect(events.map(({ value }) => value)).toEqual(JSON.parse(JSON.stringify([a, b])));
  expect(events[0]!.text).toContain('"n":1.0');
  expect(events.map((event) => JSON.parse(event.text))).toEqual(JSON.parse(JSON.stringify([a, b])));
});

test("any bytes are taken apart without harm", () => {
  const parts = [
    '{"kind":"EventList",',
    '"items":[',
    '"kind":"Event"',
    "]",
    "}",
    ",",
    "[",
    "{",
    '"a":1',
    "1",
    '"',
    "\\",
    " ",
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...parts), { maxLength: 12 }), (some) => {
      for (const { text, value } of readPayload(some.join("")).events)
        expect(JSON.parse(text)).toEqual(value);
    }),
    { numRuns: 2000 },
  );
});
