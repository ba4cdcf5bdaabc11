import { expect, test } from "bun:test";
import { EVENTS } from "../../schema/events.ts";
import { EventCodeError, eventCodesOf } from "./event-codes.ts";
import { parseCondition } from "./parser.ts";

const names = (condition: string): string[] => [
  ...new Set(Array.from(eventCodesOf(parseCondition(condition)), (code) => EVENTS[code]!.name)),
];
const ALL = EVENTS.length;

test.each([
  ["evt.type = open", ["open"]],
  ["evt.type in (open, close) and proc.name = x", ["open", "close"]],
  ["evt.type in (open, close) and not evt.type = close", ["open"]],
  ["not (evt.type != open or proc.name = x)", ["open"]],
  ["evt.type = open or (evt.type = close and fd.num > 1)", ["open", "close"]],
  ["evt.type = open and evt.type = close", []],
  ["not evt.type exists", []],
  ["evt.type = getcpu", ["syscall"]],
  ["syscall.type = close", ["close"]],
] as const)("eventCodesOf(%p) are those of %p", (condition, expected) => {
  expect(names(condition)).toEqual([...expected]);
});

test.each([
  "proc.name = x",
  "not proc.name = x",
  "evt.type startswith o",
  "not evt.type glob o*",
  "evt.type exists",
])("eventCodesOf(%p) leaves every event possible", (condition) =>
  expect(eventCodesOf(parseCondition(condition)).size).toBe(ALL),
);

test("eventCodesOf takes a name's enter and exit events and all versions together", () => {
  expect(eventCodesOf(parseCondition("evt.type = openat")).size).toBe(
    EVENTS.filter((event) => event.name === "openat").length,
  );
});

test.each(["toupper(evt.type) = OPEN", "evt.type = val(proc.name)"])(
  "eventCodesOf refuses %p",
  (condition) => {
    expect(() => eventCodesOf(parseCondition(condition))).toThrow(EventCodeError);
  },
);
