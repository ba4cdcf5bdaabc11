import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SYSCALLS } from "../../core/schema/syscalls.ts";
import { LiveRecorder, type RecordedEvent, whyNoEbpf } from "./live-recorder.ts";

const WORKLOAD = join(import.meta.dir, "workload", "every-syscall.ts");

interface Expectation {
  readonly event: string;
  readonly params: Readonly<Record<string, number | string>>;
}

const reason = whyNoEbpf();
if (reason) console.log(`skipped: an event for every system call, ${reason}`);

/** A recorded value as the workload writes what it expects. */
function shown(value: RecordedEvent["params"][string]): number | string | undefined {
  return Buffer.isBuffer(value) ? `hex:${value.toString("hex")}` : value;
}

const matches = (event: RecordedEvent, params: Expectation["params"]): boolean =>
  Object.entries(params).every(([name, value]) => shown(event.params[name]) === value);

describe.skipIf(reason !== undefined)("EbpfSource, every system call", () => {
  const dir = mkdtempSync(join(tmpdir(), "falco-calls-"));
  let recorder: LiveRecorder;
  let expectations: readonly Expectation[];
  let pid: number;

  beforeAll(async () => {
    // Context switches and page faults of the whole machine pass by too.
    recorder = new LiveRecorder(
      SYSCALLS.map((call) => call.name),
      { bufferSize: 128 << 20 },
    );
    const workload = await recorder.run([process.execPath, WORKLOAD, dir]);
    pid = workload.pid;
    expectations = JSON.parse(workload.output) as Expectation[];
  });

  afterAll(() => {
    recorder?.source.close();
    rmSync(dir, { recursive: true, force: true });
  });

  test("each call's event holds the call's arguments and result", () => {
    const byEvent = Map.groupBy(recorder.of(pid), (event) => event.id);
    const wrong = expectations.filter(
      ({ event, params }) => !byEvent.get(event)?.some((candidate) => matches(candidate, params)),
    );
    const report = wrong.map(({ event, params }) => ({
      event,
      params,
      closest: (byEvent.get(event) ?? [])
        .slice(-3)
        .map((got) =>
          Object.fromEntries(Object.entries(got.params).map(([name, value]) => [name, shown(value)])),
        ),
    }));
    expect(report).toEqual([]);
  });

  test("at least 150 different event types are seen", () => {
    const seen = new Set(recorder.events.map((event) => event.id));
    const exits = new Set(SYSCALLS.map((call) => call.exit));
    console.log(
      `event types seen: ${seen.size}; not seen: ${[...exits].filter((id) => id && !seen.has(id)).join(" ")}`,
    );
    expect(seen.size).toBeGreaterThanOrEqual(process.arch === "x64" ? 150 : 130);
  });

  test("nothing is lost", () => {
    expect(recorder.lost).toBe(0);
  });
});
