import { expect, test } from "bun:test";
import { eventSink } from "../../../tests/harness/event-sink.ts";
import type { Context } from "../../fields/field.ts";
import { EVENTS } from "../../schema/events.ts";
import type { InputDeclaration } from "./declaration.ts";
import { inputFields } from "./input-fields.ts";
import { InputSource } from "./input-source.ts";
import { InputSources, type InputsEngine } from "./input-sources.ts";

const declaration: InputDeclaration = {
  source: "login",
  fields: [
    { name: "login.user", type: "string", list: false, description: "Who" },
    { name: "login.count", type: "uint64", list: false, description: "How often" },
    { name: "login.ok", type: "bool", list: false, description: "Whether" },
    { name: "login.from", type: "ipaddr", list: false, description: "Whence" },
    { name: "login.groups", type: "string", list: true, description: "Which" },
  ],
};

test("InputSource hands events over as plugin event records whose fields read back as declared", async () => {
  const source = new InputSource("login");
  const { fields } = inputFields(declaration);
  const big = 2n ** 64n - 1n;
  source.push({
    time: 1_700_000_000_000_000_001n,
    fields: {
      "login.user": 'a"\u0000ü',
      "login.count": big,
      "login.ok": true,
      "login.from": "10.0.0.1",
      "login.groups": ["x", "y"],
    },
  });
  source.push({ time: 2n, fields: { "login.count": 3n, "login.from": "::1" } });
  const read: unknown[] = [];
  const sink = eventSink((event) => {
    const context = { event } as unknown as Context;
    read.push([
      event.time,
      event.tid,
      EVENTS[event.code]!.name,
      event.uint(0, 0),
      ...fields.map((one) => one.read(context, undefined)),
    ]);
  });
  expect(await source.pump(sink, 0)).toBe(2);
  expect(read[0]).toEqual([
    1_700_000_000_000_000_001n,
    -1,
    "pluginevent",
    source.id,
    'a"\u0000ü',
    big,
    true,
    new Uint8Array([10, 0, 0, 1]),
    ["x", "y"],
  ]);
  expect((read[1] as unknown[]).slice(4)).toEqual([
    undefined,
    3,
    undefined,
    Uint8Array.from({ length: 16 }, (_, i) => (i === 15 ? 1 : 0)),
    undefined,
  ]);
  expect(await source.pump(sink, 0)).toBe(0);
});

test("InputSource.push() asks to wait when the engine is behind, and ready() resolves when it has caught up", async () => {
  const source = new InputSource("flood");
  const event = { time: 1n, fields: { a: "x".repeat(1000) } };
  let pushed = 1;
  while (source.push(event)) pushed++;
  let ready = false;
  const waiting = source.ready().then(() => {
    ready = true;
  });
  await Bun.sleep(1);
  expect(ready).toBe(false);
  expect(
    await source.pump(
      eventSink(() => {}),
      0,
    ),
  ).toBe(pushed);
  await waiting;
  expect(source.stats()).toEqual({ seen: pushed, dropped: {} });
});

test("InputSource.pump() waits for an event, gives up at its timeout, and ends after end()", async () => {
  const source = new InputSource("slow");
  const sink = eventSink(() => {});
  expect(await source.pump(sink, 1)).toBe(0);
  const pending = source.pump(sink, 10_000);
  source.push({ time: 1n, fields: {} });
  expect(await pending).toBe(1);
  source.push({ time: 1n, fields: {} });
  source.end();
  expect(await source.pump(sink, 10_000)).toBe(1);
  expect(await source.pump(sink, 10_000)).toBe(-1);
});

test("InputSources keeps a source for its next client, and refuses names that are not free", async () => {
  const attached: string[] = [];
  const engine: InputsEngine = {
    reserved: { source: (name) => name === "syscall", field: (name) => name.startsWith("evt.") },
    attach: async (source, fields) => void attached.push(`${source.name}:${fields.fields.length}`),
  };
  const inputs = new InputSources(engine);
  const first = await inputs.open(declaration);
  const second = await inputs.open(declaration);
  expect(attached).toEqual(["login:5"]);
  const other = { source: "login", fields: declaration.fields.slice(1) };
  await expect(inputs.open(other)).rejects.toMatchObject({ code: "API_CONFLICT" });
  first.close();
  first.close();
  await expect(inputs.open(other)).rejects.toMatchObject({ code: "API_CONFLICT" });
  second.close();
  await inputs.open(other);
  expect(attached).toEqual(["login:5", "login:4"]);
  expect(inputs.sources).toHaveLength(1);
  await expect(inputs.open({ ...other, source: "syscall" })).rejects.toThrow(
    "falco has an event source of that name",
  );
  const field = { ...declaration.fields[0]!, name: "evt.num" };
  await expect(inputs.open({ source: "mine", fields: [field] })).rejects.toThrow(
    'every source has a field "evt.num"',
  );
});
