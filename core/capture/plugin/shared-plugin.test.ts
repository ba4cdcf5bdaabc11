import { describe, expect, test } from "bun:test";
import { eventSink } from "../../../tests/harness/event-sink.ts";
import { tempDir } from "../../../tests/harness/temp-dir.ts";
import { compilePlugin, NO_COMPILER } from "../../../tests/harness/test-plugin.ts";
import type { EventCursor } from "../../event/cursor.ts";
import type { Context } from "../../fields/field.ts";
import { fieldArg } from "../../rules/check/operand.ts";
import { State } from "../../state/state.ts";
import type { RunningPlugin } from "./plugin.ts";
import { SharedPlugin } from "./shared-plugin.ts";

const directory = tempDir();
const skip = NO_COMPILER === undefined ? "" : ` [skipped: ${NO_COMPILER}]`;
const COUNTER = NO_COMPILER === undefined ? compilePlugin("counter", directory) : "";

/** Hands each event of a source over, until it ends or gives nothing. */
async function take(running: RunningPlugin, params: string, onEvent: (event: EventCursor) => void) {
  const sink = eventSink(onEvent);
  const source = running.open!(params);
  try {
    source.open(sink);
    while ((await source.pump(sink, 0)) > 0);
    return source.stats();
  } finally {
    source.close();
  }
}

describe.skipIf(NO_COMPILER !== undefined)(`a shared object${skip}`, () => {
  test("says what it is, and is held to nothing that it does not say", () => {
    const { info, source, fields } = new SharedPlugin("mine", COUNTER);
    expect(info).toMatchObject({
      name: "counter",
      version: "0.4.2",
      capabilities: ["Event Sourcing (ID=999, source='count')", "Field Extraction"],
    });
    expect(source).toEqual({ name: "count", id: 999 });
    expect(fields).toHaveLength(1);
    expect(fields[0]).toMatchObject({ name: "counter (plugin)", sources: ["count"] });
    expect(fields[0]!.fields[1]).toMatchObject({ name: "count.plus", arg: "required", argKind: ["INDEX"] });
    expect(fields[0]!.fields[2]).toMatchObject({ name: "count.word", arg: "optional", argKind: ["KEY"] });
  });

  test("brings events, fills in what the plugin left open, and reads its fields from them", async () => {
    const log: string[] = [];
    const plugin = new SharedPlugin("mine", COUNTER);
    const running = plugin.start({
      config: "",
      state: new State(),
      log: (level, message) => log.push(`${level} ${message}`),
    });
    const state = new State();
    state.sourceName = "count";
    const read = (event: EventCursor, name: string, arg?: string) => {
      const field = running.fields[0]!.fields.find((one) => one.name === name)!;
      const context: Context = { event, state };
      return field.read(context, arg === undefined ? undefined : fieldArg(arg));
    };
    const seen: unknown[] = [];
    const before = BigInt(Date.now()) * 1_000_000n;
    const stats = await take(running, "6", (event) => {
      const at = (name: string, arg?: string) => read(event, name, arg);
      if (event.num === 1) expect(event.time).toBe(1700000000000000001n);
      else expect(event.time).toBeGreaterThanOrEqual(before);
      expect([event.tid, event.uint(0, 0), running.describe!(event)]).toEqual([
        -1,
        999,
        `number ${event.num} of count`,
      ]);
      seen.push([at("count.number"), at("count.plus", "40"), at("count.plus", "2"), at("count.word")]);
      expect(at("count.word", "k")).toBe(`k${event.num}count`);
      expect(at("count.odd")).toBe(event.num % 2 === 1);
      expect(at("count.multiples")).toEqual([event.num, event.num * 2, event.num * 3]);
      expect(at("count.words")).toEqual(event.num % 2 ? undefined : ["even", "ü"]);
      expect(at("count.address")).toEqual(new Uint8Array([127, 0, 0, 1]));
      expect(at("count.time")).toBe(1700000000000000000n + BigInt(event.num));
      expect(at("count.large")).toBe(2n ** 64n - 1n);
      expect([at("count.none"), at("count.fails")]).toEqual([undefined, undefined]);
      state.sourceName = "other";
      expect(at("count.number")).toBeUndefined();
      state.sourceName = "count";
    });
    expect(seen).toEqual(Array.from({ length: 6 }, (_, i) => [i + 1, i + 41, i + 3, `w${i + 1}count`]));
    expect(stats).toEqual({ seen: 6, dropped: {} });
    expect(running.openParams!()).toEqual([{ value: "3", description: "Three events" }, { value: "wait" }]);
    expect(running.metrics!()).toEqual([
      { name: "extracted", value: 6 * 13, kind: "counter" },
      { name: "half", value: 0.5, kind: "gauge" },
    ]);
    running.destroy();
    expect(log).toEqual(["info counter: {}", "info end: closed", "info end: destroyed"]);
  });

  test("may fail when it is started, when it is opened and later, and its own reason is told", async () => {
    const plugin = new SharedPlugin("mine", COUNTER);
    const log = (): void => {};
    const state = new State();
    expect(() => plugin.start({ config: '{"fail":true}', state, log })).toThrow(
      `Cannot start plugin counter from ${COUNTER}: told to fail`,
    );
    const running = plugin.start({ config: '{"greeting":"hello"}', state, log });
    await expect(take(running, "fail", log)).rejects.toThrow(
      'plugin counter refuses "fail": told not to open',
    );
    let events = 0;
    const broken = take(running, "break", () => {
      events++;
    });
    await expect(broken).rejects.toThrow("plugin counter failed: told to break");
    expect(events).toBe(3);
    expect((await take(running, "wait", log)).seen).toBe(0);
    running.destroy();
  });

  test("gets a configuration that fits its schema, or none", () => {
    const start = (config: string) => () =>
      new SharedPlugin("mine", COUNTER).start({ config, state: new State(), log: () => {} });
    expect(start('{"greeting":1}')).toThrow("is wrong at greeting: it has to be string, and is integer");
    expect(start('{"fail":"yes"}')).toThrow("is wrong at fail: it has to be boolean, and is string");
    expect(start('{"greting":"x"}')).toThrow("has the unknown member greting");
    expect(start("[]")).toThrow("is wrong: it has to be object, and is array");
    expect(start("greeting")).toThrow("its init_config is not JSON");
  });

  test("is refused when it is none, wants another API, or lacks a function", () => {
    const load = (path: string) => () => new SharedPlugin("mine", path);
    const versioned = (version: string) =>
      load(compilePlugin("counter", directory, [`API_VERSION="${version}"`]));
    expect(load("/nowhere/lib.so")).toThrow("Cannot load plugin mine from /nowhere/lib.so: ");
    expect(load("/nowhere/lib.so")).toThrow("No such file or directory");
    expect(versioned("3.13.0")).toThrow(
      'it wants version "3.13.0" of the plugin API, and this program has 3.12.0',
    );
    expect(versioned("2.0.0")).toThrow('it wants version "2.0.0"');
    expect(versioned("3.0.0")).not.toThrow();
    expect(load(compilePlugin("counter", directory, ["WITHOUT_DESTROY"]))).toThrow(
      "it does not export plugin_destroy",
    );
  });
});
