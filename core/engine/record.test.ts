import { describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Simulation } from "../../tests/harness/simulate.ts";
import { ScapWriter } from "../capture/scap/scap-writer.ts";
import { FalcoError } from "../errors.ts";
import { DEFAULT_LOOKUP } from "../metadata/container-lookup.ts";
import { byteCount } from "../record.ts";
import { compileFilter } from "./filter.ts";
import { type RecordOptions, type RecordResult, recordEvents } from "./record.ts";

const inTempDir = async (use: (dir: string) => Promise<void>): Promise<void> => {
  const dir = mkdtempSync(join(tmpdir(), "falco-record-"));
  try {
    await use(dir);
  } finally {
    rmSync(dir, { recursive: true });
  }
};

/** A capture of two processes that open files. */
function writeStory(path: string): void {
  const writer = new ScapWriter(path, { compress: true });
  const sim = new Simulation();
  const write: Simulation["emit"] = (...event) => {
    sim.emit(...event);
    writer.event(sim.event.bytes, sim.event.view, sim.event.offset, 0);
  };
  for (const [pid, name] of [
    [10, "cat"],
    [11, "vim"],
  ] as const) {
    write("SYSCALL_EXECVE_19_X", pid, { res: 0, exe: name, comm: name, tid: pid, pid, ptid: 1 });
    write("SYSCALL_OPENAT_2_X", pid, { fd: 3, dirfd: -100, name: "/etc/passwd", flags: 1 });
    write("SYSCALL_CLOSE_X", pid, { res: 0, fd: 3 });
  }
  write("USER_ADDED_E", -1, { uid: 5, gid: 5, name: "five", home: "/", shell: "/", container_id: "" });
  writer.close();
}

const recordFrom = (
  file: string,
  options: Partial<RecordOptions> & { path: string },
): Promise<RecordResult> =>
  recordEvents(
    { source: { kind: "replay", file }, hostname: "", containers: DEFAULT_LOOKUP, maxThreads: 100 },
    { compress: true, maxBytes: 0, maxSeconds: 0, rotate: 0, ...options },
    () => false,
  );

describe("recordEvents", () => {
  test("takes over all events without a filter, and those that satisfy one with it", () =>
    inTempDir(async (dir) => {
      const story = join(dir, "story.scap");
      writeStory(story);
      expect(await recordFrom(story, { path: join(dir, "all.scap") })).toMatchObject({ events: 7, seen: 7 });
      const some = await recordFrom(story, {
        path: join(dir, "some.scap"),
        filter: "proc.name=cat and fd.name startswith /etc",
      });
      // Open and close of one process; readers need both execs and the account, too.
      expect(some).toMatchObject({ events: 5, seen: 7, files: 1 });
      expect(readdirSync(dir).sort()).toEqual(["all.scap", "some.scap", "story.scap"]);
    }));

  test("leaves in a filtered recording what tells who the processes are", () =>
    inTempDir(async (dir) => {
      const story = join(dir, "story.scap");
      writeStory(story);
      const once = join(dir, "once.scap");
      await recordFrom(story, { path: once, filter: "evt.type=close" });
      const again = await recordFrom(once, { path: join(dir, "again.scap"), filter: "proc.name=vim" });
      const other = await recordFrom(once, { path: join(dir, "other.scap"), filter: "proc.name=emacs" });
      expect(again.events).toBe(other.events + 1);
    }));
});

describe("compileFilter", () => {
  test("knows the events that it can be true for", () => {
    const { codes } = compileFilter("evt.type=openat and fd.num>2");
    expect(codes.size).toBeGreaterThan(0);
    expect(codes.size).toBeLessThan(5);
  });

  for (const [text, message] of [
    ["proc.nam=cat", /nonexistent field proc\.nam/],
    ["evt.type=open and", /./],
    ["evt.type=opne", /unknown event type/],
    ["some_macro", /./],
  ] as const) {
    test(`refuses "${text}" and shows the place`, () => {
      try {
        compileFilter(text);
        throw new Error("not refused");
      } catch (error) {
        expect(error).toBeInstanceOf(FalcoError);
        expect((error as FalcoError).message).toMatch(/^Cannot use the filter: /);
        expect((error as FalcoError).message).toMatch(message);
        expect((error as FalcoError).format()).toContain(text);
      }
    });
  }
});

test("byteCount reads sizes and refuses what is none", () => {
  expect(["1500", "64K", "100m", "2G"].map(byteCount)).toEqual([1500, 65_536, 104_857_600, 2 ** 31]);
  for (const text of ["", "0", "-1", "12T", "K"]) expect(() => byteCount(text)).toThrow(/is not a size/);
});
