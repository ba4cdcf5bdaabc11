import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ScapSource } from "../../core/capture/scap/scap-source.ts";
import { Engine } from "../../core/engine/engine.ts";
import { FalcoError } from "../../core/errors.ts";
import { FIELD_CLASSES } from "../../core/fields/all.ts";
import type { Context, FieldArg } from "../../core/fields/field.ts";
import type { TemplateField } from "../../core/rules/output/template.ts";
import { State } from "../../core/state/state.ts";
import { jsonValue, outputFields } from "../conformance/json-value.ts";
import { type AnyEvent, anyEvents, captureOf, knownCaptures, mutate, mutations } from "./capture.ts";

/** A longer run by hand: FALCO_FUZZ_RUNS=1000000 bun test tests/fuzz */
const RUNS = Number(process.env.FALCO_FUZZ_RUNS ?? 300);
const TIMEOUT = Math.max(120_000, RUNS * 20);
const ARGS: readonly FieldArg[] = [
  { text: "1", index: 1 },
  { text: "PATH", index: undefined },
];
const LIMITS = { threads: 50, fdsPerProcess: 20 };
/** A process does not need more for reading a capture of 300 kB; the rest is other tests'. */
const MEMORY = 700 << 20;

/** Every field in every way that an output could ask for it. */
const fields = FIELD_CLASSES.flatMap((fieldClass) => fieldClass.fields)
  .filter((field) => !field.filterOnly)
  .flatMap(({ name, arg, checkArg }) => [
    ...(arg === "required" ? [] : [name]),
    ...(arg ? ARGS.filter((each) => !checkArg?.(each)).map(({ text }) => `${name}[${text}]`) : []),
  ])
  .flatMap((asked) => outputFields(`%${asked}`));

function readFields(context: Context, from: readonly TemplateField[]): void {
  for (const field of from) jsonValue(field, context);
}

/** Runs bytes as a capture through the whole way of an event. Only a FalcoError may come out. */
async function run(bytes: Buffer, onEvent: (context: Context) => void): Promise<State> {
  const state = new State(LIMITS);
  const engine = new Engine(state, { match: onEvent }, () => {});
  async function* chunks(): AsyncGenerator<Buffer> {
    yield bytes;
  }
  const source = new ScapSource("fuzzed.scap", async () => chunks());
  try {
    await source.open(engine);
    while ((await source.pump(engine)) >= 0);
  } catch (error) {
    if (!(error instanceof FalcoError)) throw error;
  } finally {
    source.close();
  }
  return state;
}

function checkBounds(state: State): void {
  expect(state.threads.size).toBeLessThanOrEqual(LIMITS.threads);
  for (const thread of state.threads.values())
    expect(thread.fds.size).toBeLessThanOrEqual(LIMITS.fdsPerProcess);
  expect(process.memoryUsage.rss()).toBeLessThan(MEMORY);
}

describe("captures nobody could have written", () => {
  const known = knownCaptures();

  test.skipIf(known.length === 0)(
    "known captures with bytes changed, cut, repeated or removed end in one error at most",
    async () => {
      let turn = 0;
      await fc.assert(
        fc.asyncProperty(fc.nat(known.length - 1), mutations, async (index, changes) => {
          const state = await run(mutate(known[index]!, changes), (context) => {
            // All fields of all events take too long; each run looks at another part of them.
            if (turn++ % 37 === 0) readFields(context, fields);
          });
          checkBounds(state);
        }),
        { numRuns: RUNS },
      );
    },
    TIMEOUT,
  );

  test(
    "events of any type with any content teach state and show in every field",
    async () => {
      await fc.assert(
        fc.asyncProperty(anyEvents, async (events: AnyEvent[]) => {
          const state = await run(captureOf(events), (context) => readFields(context, fields));
          checkBounds(state);
        }),
        { numRuns: RUNS },
      );
    },
    TIMEOUT,
  );

  test(
    "bytes that are no capture at all end in one error",
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
          await run(Buffer.from(bytes), () => {});
        }),
        { numRuns: RUNS },
      );
    },
    TIMEOUT,
  );
});
