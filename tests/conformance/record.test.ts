import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Recorder } from "../../core/capture/scap/recorder.ts";
import { ScapSource } from "../../core/capture/scap/scap-source.ts";
import { ScapWriter } from "../../core/capture/scap/scap-writer.ts";
import { Engine } from "../../core/engine/engine.ts";
import { State } from "../../core/state/state.ts";
import { scoreCapture, totals } from "./fields.ts";
import { CONFORMANCE, CONFORMANCE_MISSING } from "./location.ts";
import { replay } from "./replay.ts";

if (CONFORMANCE_MISSING) console.warn(`skipped: ${CONFORMANCE_MISSING}`);

const original = (capture: string): string => join(CONFORMANCE, `captures/${capture}.scap`);

async function inTempDir(use: (dir: string) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "falco-record-"));
  try {
    await use(dir);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** A digest of each event, in order. */
async function digests(file: string): Promise<string[]> {
  const events: string[] = [];
  await replay(file, ({ event }) => {
    const { bytes, offset, length, cpu } = event;
    events.push(`${cpu} ${Bun.hash(bytes.subarray(offset, offset + length))}`);
  });
  return events;
}

describe.skipIf(CONFORMANCE_MISSING !== undefined)("captures that were written here", () => {
  for (const capture of [
    "cat_write",
    "libs_sample",
    "connect_localhost",
    "ping_sendto",
    "empty_v1",
    "network",
  ]) {
    test(`a copy of ${capture} has the same fields as the reference sees in the original`, () =>
      inTempDir(async (dir) => {
        const writer = new ScapWriter(join(dir, "copy.scap"), { compress: true });
        const source = new ScapSource(original(capture));
        await source.open(writer);
        while ((await source.pump(writer)) >= 0);
        source.close();
        writer.close();
        const score = await scoreCapture(capture, capture === "network" ? 13 : 1, writer.path);
        const { equal, total } = totals(score.fields);
        expect(score.seenEvents).toBe(score.expectedEvents);
        expect({ capture, equal }).toEqual({ capture, equal: total });
      }));
  }

  test("a recording of files.scap that starts in the middle holds the same events", () =>
    inTempDir(async (dir) => {
      const path = join(dir, "second-half.scap");
      const state = new State();
      const recorder = new Recorder(state, { path, compress: true, maxBytes: 0, maxSeconds: 0, rotate: 0 });
      const from = 10_000;
      const engine = new Engine(
        state,
        {
          match: ({ event }) => {
            if (event.num > from) recorder.record(event);
          },
        },
        () => {},
      );
      const source = new ScapSource(original("files"));
      await source.open(engine);
      while ((await source.pump(engine)) >= 0);
      source.close();
      recorder.close();
      expect((await digests(path)).slice(-recorder.events)).toEqual(
        (await digests(original("files"))).slice(from),
      );
    }));
});
