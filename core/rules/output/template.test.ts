import { describe, expect, test } from "bun:test";
import { Simulation } from "../../../tests/harness/simulate.ts";
import { contextOf, syntheticRegistry, type Values } from "../../../tests/harness/synthetic-fields.ts";
import { FIELD_CLASSES, fieldRegistry } from "../../fields/all.ts";
import { Binder } from "../check/bind.ts";
import { parseTemplate } from "./template.ts";

const binder = new Binder(syntheticRegistry, "syscall");
const VALUES: Values = {
  "a.text": "hello",
  "a.num": -5,
  "a.flag": true,
  "a.ip": Uint8Array.of(10, 0, 0, 1),
  "a.net": Uint8Array.of(10, 0, 0, 1),
  "a.list": ["x", "y"],
  "a.bytes": Buffer.from("a\0b"),
};
const shown = (template: string): string => parseTemplate(template, binder).text(contextOf(VALUES));

describe("parseTemplate", () => {
  test.each([
    ["x %a.text y", "x hello y"],
    ["*%a.text", "hello"],
    ["%a.text.%a.num,", "hello.-5,"],
    ["%a.texts", "hellos"],
    ["%3a.text|%7a.text|", "hel|hello  |"],
    ["%b.text", "<NA>"],
    ["%a.any[/x~1y/0]|", "<NA>|"],
    ["%toupper(a.text) %len(a.list)", "HELLO 2"],
    ['%join("-", (a.text,a.num))', "hello--5"],
    ["%a.flag %a.ip %a.net %a.list %a.bytes", "true 10.0.0.1 <IPNET> (x,y) a.b"],
  ])("renders %p as %p", (template, expected) => expect(shown(template)).toBe(expected));

  test.each([
    ["100% of", "unknown filter: unexpected token after '"],
    ["%%a.text", "unknown filter: unexpected token after '"],
    ["%a.nope", "unknown filter: unexpected token after '"],
    ["end %", "invalid formatting syntax: formatting cannot end with a %"],
    ["end %12", "invalid formatting syntax: formatting cannot end with a number"],
  ])("refuses %p", (template, message) => expect(() => parseTemplate(template, binder)).toThrow(message));

  test("keeps types for JSON, under the field's text, also of fields inside transformers", () => {
    const template = parseTemplate("%toupper(a.text) %a.num %a.list %b.text %a.net", binder);
    expect(template.values(contextOf(VALUES))).toEqual({
      "a.list": ["x", "y"],
      "a.net": "<IPNET>",
      "a.num": -5,
      "a.text": "hello",
      "b.text": null,
    });
  });

  test("an empty list is null in JSON", () => {
    expect(parseTemplate("%a.list", binder).values(contextOf({ "a.list": [] }))).toEqual({ "a.list": null });
  });
});

test("evt.deltatime in a text is the time since that place was last printed; JSON has 0", () => {
  const real = new Binder(fieldRegistry(FIELD_CLASSES, ["syscall"]), "syscall");
  const template = parseTemplate("%evt.deltatime %evt.deltatime.s %evt.deltatime.ns %evt.deltatime", real);
  const other = parseTemplate("%evt.deltatime", real);
  const simulation = new Simulation();
  const context = { event: simulation.event, state: simulation.state };
  const passes = (nanoseconds: bigint): void => {
    // The simulation's own clock ticks a microsecond an event.
    simulation.time += nanoseconds - 1_000n;
    simulation.see("SYSCALL_CLOSE_X", 7);
  };
  passes(5n);
  expect(template.text(context)).toBe("0 0 000000000 0");
  passes(2_000_000_005n);
  expect(template.values(context)).toEqual({
    "evt.deltatime": 0,
    "evt.deltatime.ns": 0,
    "evt.deltatime.s": 0,
  });
  expect(template.text(context)).toBe("2000000005 2 000000005 2000000005");
  passes(70n);
  expect(other.text(context)).toBe("0");
  passes(30n);
  expect(template.text(context)).toBe("100 0 000000100 100");
  expect(other.text(context)).toBe("30");
});
