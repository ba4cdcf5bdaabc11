import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import type { Hooked } from "../../core/capture/ebpf/hook-copies.ts";
import { codesOf, LiveRecorder, type RecordedEvent, whyNoEbpf } from "./live-recorder.ts";

const WORKLOADS = join(import.meta.dir, "workload");
const WORKLOAD = join(WORKLOADS, "race.ts");
const LETTERS = "bc";
const ATTEMPTS = 8;
const EACCES = 13;
type Params = RecordedEvent["params"];

interface Race {
  /** As the workload knows it. */
  readonly kind: string;
  readonly call: string;
  readonly hook: "paths" | "strings" | "addresses";
  /** Which of the two things an event says was used. */
  readonly said: (params: Params) => string;
  /** What was really used, where the event itself tells; the workload does where this is absent. */
  readonly used?: (params: Params, dir: string) => string;
}

const lastLetter = (text: unknown): string => String(text).at(-1) ?? "";
const opened = (params: Params, dir: string): string =>
  [...LETTERS].find((letter) => statSync(join(dir, letter)).ino === params.ino) ?? "";
const port = (bytes: unknown, at: number): string => LETTERS[(bytes as Buffer).readUInt16LE(at) & 1]!;
/** A recorded tuple: | family | source IP | port | destination IP | port |, a recorded address: | family | IP | port |. */
const destination = (params: Params): string => port(params.tuple, 11);
const open = {
  call: "openat",
  hook: "paths",
  said: ({ name }: Params) => lastLetter(name),
  used: opened,
} as const;
const unixPath = (bytes: unknown, at: number): string =>
  lastLetter((bytes as Buffer).toString("latin1", at).replace("\0", ""));

const RACES: readonly Race[] = [
  { kind: "open", ...open },
  { kind: "open by 300 bytes", ...open },
  { kind: "open by 4090 bytes", ...open },
  { kind: "unlink", call: "unlinkat", hook: "paths", said: ({ name }) => lastLetter(name) },
  { kind: "rename", call: "renameat2", hook: "paths", said: ({ oldpath }) => lastLetter(oldpath) },
  { kind: "mount", call: "mount", hook: "strings", said: ({ dev }) => lastLetter(dev) },
  { kind: "bind", call: "bind", hook: "addresses", said: ({ addr }) => port(addr, 5) },
  {
    kind: "connect",
    call: "connect",
    hook: "addresses",
    said: ({ addr }) => unixPath(addr, 1),
    used: ({ tuple }) => unixPath(tuple, 17),
  },
  { kind: "sendto", call: "sendto", hook: "addresses", said: destination },
  { kind: "sendmsg", call: "sendmsg", hook: "addresses", said: destination },
  { kind: "sendmmsg", call: "sendmmsg", hook: "addresses", said: destination },
];

/** Which copies this kernel lets programs have. */
function hooks(): Hooked {
  const recorder = new LiveRecorder([]);
  const { hooked } = recorder.source;
  recorder.source.close();
  return hooked!;
}

const reason = whyNoEbpf() ?? (availableParallelism() < 2 ? "two threads never run at once here" : undefined);
const { copies, missing } = reason ? { missing: {} as Hooked["missing"] } : hooks();
if (reason) console.log(`skipped: the kernel's copies, ${reason}`);
else
  for (const [hook, why] of Object.entries(missing))
    console.log(`skipped: the kernel's copies of ${hook}, ${why}`);

describe.skipIf(reason !== undefined)("what a racing thread changes while the call runs", () => {
  const dir = mkdtempSync(join(tmpdir(), "falco-race-"));
  afterAll(() => {
    rmSync(dir, { recursive: true, force: true });
  });

  /** Of one run's events, how many there are and how many say other than what was used. */
  async function run(
    { kind, call, said, used }: Race,
    memoryOnly: boolean,
  ): Promise<{ calls: number; wrong: number }> {
    const recorder = new LiveRecorder([call, "sched_process_exit"], { memoryOnly });
    const { pid, output } = await recorder
      .run([process.execPath, WORKLOAD, dir, kind])
      .finally(() => recorder.source.close());
    expect(recorder.lost).toBe(0);
    // The program's runtime opens files of its own, and sends what is printed.
    const isOurs = ({ name: path = dir, size = 1 }: Params): boolean =>
      String(path).startsWith(dir) && size === 1;
    const events = recorder.events
      .filter(
        ({ name, tid, params }) =>
          name === call && tid === pid && Number(params.res ?? params.fd) >= 0 && isOurs(params),
      )
      .slice(-output.length);
    expect(events).toHaveLength(output.length);
    const truth = (i: number, params: Params): string => (used ? used(params, dir) : output[i]!);
    const wrong = events.filter(({ params }, i) => said(params) !== truth(i, params));
    return { calls: events.length, wrong: wrong.length };
  }

  for (const race of RACES) {
    test.skipIf(!copies?.[race.hook])(`${race.kind}: events say what the kernel used`, async () => {
      const { calls, wrong } = await run(race, false);
      expect(calls).toBeGreaterThan(1000);
      expect(wrong).toBe(0);
    });

    // Or else the test before proves nothing. The two threads may never run at once where others keep the processors busy.
    test.skipIf(!copies?.[race.hook])(
      `${race.kind}: the caller's memory says otherwise for some`,
      async () => {
        for (let attempt = 1; ; attempt++) {
          const { calls, wrong } = await run(race, true);
          console.log(`${race.kind}: of ${calls} calls ${wrong} were not what memory said afterwards`);
          if (wrong > 0) break;
          expect(attempt).toBeLessThan(ATTEMPTS);
        }
      },
    );
  }
});

describe.skipIf(reason !== undefined || !copies?.paths)("what is kept of a call", () => {
  const filters = { "any error": { failures: [] }, "other errors than one": { failures: [EACCES] } };
  for (const [left, filter] of Object.entries(filters))
    test(`is not taken for another's that has its name at the same address, and none of its own: calls with ${left} are left out`, async () => {
      const dir = mkdtempSync(join(tmpdir(), "falco-reused-"));
      const [openat = 0] = codesOf(["openat"]);
      const calls = ["openat", "openat2", "mkdirat", "execve", "newfstatat"];
      const recorder = new LiveRecorder([...calls, "sched_process_exit"], {
        filters: new Map([[openat, filter]]),
      });
      const { pid } = await recorder.run([process.execPath, join(WORKLOADS, "reused-memory.ts"), dir]);
      recorder.source.close();
      rmSync(dir, { recursive: true });
      const names = recorder
        .of(pid)
        .map(({ name, params }) => [name, params.name ?? params.path ?? params.filename] as const)
        .filter(([, path]) => String(path).startsWith(dir))
        .map(([name, path]) => `${name} ${String(path).slice(dir.length + 1)}`);
      expect(names).toEqual([
        "openat2 after one that is not recorded",
        "mkdirat after one that is not recorded",
        "openat2 after one that is",
        "execve gone",
        "openat2 after an execve that failed",
      ]);
      const last = recorder.of(pid).findLast(({ name }) => name === "newfstatat");
      expect(last?.params.path).toBe("");
    });
});
