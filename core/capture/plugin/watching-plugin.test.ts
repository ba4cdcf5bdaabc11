import { describe, expect, test } from "bun:test";
import { eventually } from "../../../tests/harness/programs.ts";
import { Simulation } from "../../../tests/harness/simulate.ts";
import { tempDir } from "../../../tests/harness/temp-dir.ts";
import { compilePlugin, NO_COMPILER } from "../../../tests/harness/test-plugin.ts";
import { EventCursor } from "../../event/cursor.ts";
import type { Sink } from "../../event/source.ts";
import { fieldArg } from "../../rules/check/operand.ts";
import type { State } from "../../state/state.ts";
import { SharedPlugin } from "./shared-plugin.ts";

const directory = tempDir();
const skip = NO_COMPILER === undefined ? "" : ` [skipped: ${NO_COMPILER}]`;
const WATCHER = NO_COMPILER === undefined ? compilePlugin("watcher", directory) : "";

function start(state: State, path = WATCHER) {
  const log: string[] = [];
  const plugin = new SharedPlugin("mine", path);
  const running = plugin.start({
    config: "",
    state,
    log: (level, message) => log.push(`${level} ${message}`),
  });
  return { plugin, running, log };
}

describe.skipIf(NO_COMPILER !== undefined)(`a plugin that looks at system calls${skip}`, () => {
  test("reads threads and what is in them, adds a field, and keeps a table that the engine passes on", () => {
    const sim = new Simulation();
    const { plugin, running, log } = start(sim.state);
    expect(plugin.info.capabilities).toEqual([
      "Field Extraction",
      "Event Parsing",
      "Async Events",
      "Capture Listening",
    ]);
    expect([plugin.concerns("syscall"), plugin.concerns("other")]).toEqual([true, false]);
    expect(log).toEqual(['info tables: 2 tables, first threads of 34 fields; there is no table "none"']);
    sim.process(10, "web", { args: ["-p", "80"] });
    sim.process(20, "db");
    const read = (name: string, arg?: string) =>
      running.fields[0]!.fields.find((one) => one.name === name)!.read(
        { event: sim.event, state: sim.state },
        arg === undefined ? undefined : fieldArg(arg),
      );
    const open = (tid: number): void => {
      sim.see("SYSCALL_OPENAT_2_X", tid, { fd: 3, dirfd: -100, name: "/etc/passwd" });
      running.parse!({ event: sim.event, state: sim.state });
    };
    open(10);
    open(10);
    expect([read("watch.comm"), read("watch.seen"), read("watch.args")]).toEqual(["web", 2, "[-p][80]"]);
    expect([read("watch.fd", "3"), read("watch.fd", "4")]).toEqual(["/etc/passwd", undefined]);
    open(20);
    expect([read("watch.comm"), read("watch.seen"), read("watch.args")]).toEqual(["db", 1, ""]);
    expect([read("watch.threads"), read("watch.total")]).toEqual([sim.state.threads.size, 42]);
    // Events that it does not parse leave its field alone.
    sim.see("SYSCALL_CLOSE_X", 20, { res: 0, fd: 3 });
    running.parse!({ event: sim.event, state: sim.state });
    expect(read("watch.seen")).toBe(1);
    running.destroy();
  });

  test("makes events from a thread of its own, and has its turn between events, while a capture is open", async () => {
    const sim = new Simulation();
    const { running, log } = start(sim.state);
    const seen: unknown[] = [];
    const event = new EventCursor();
    const before = BigInt(Date.now()) * 1_000_000n;
    const sink = {
      event: (bytes: Buffer, view: DataView, offset: number, cpu: number) => {
        event.set(bytes, view, offset, cpu);
        expect(event.time).toBeGreaterThanOrEqual(before);
        seen.push([event.code, event.tid, event.uint(0, 7), event.text(1), event.slice(2).toString()]);
      },
    } as unknown as Sink;
    running.opened!({ id: 0, source: "syscall", isLive: true });
    let count = 0;
    let times = 0;
    const isDone = (): boolean => {
      count += running.between!(sink);
      // More often than the plugin wants a turn.
      return ++times > 5 && count >= 3 && log.some((line) => line.includes("sent"));
    };
    expect(await eventually(isDone)).toBe(true);
    expect(seen).toEqual(Array.from({ length: 3 }, () => [402, -1, 0, "heartbeat", "abc"]));
    expect(log).toContain("warning watcher: sent 3, refused 0, error ''");
    expect(log).toContain(
      'error watcher: event not taken: "unknown" is not among the names that it declared',
    );
    const turns = running.fields[0]!.fields.find((one) => one.name === "watch.turns")!;
    sim.process(10, "web");
    expect(turns.read({ event: sim.event, state: sim.state }, undefined)).toBe(3);
    running.closed!();
    running.destroy();
    expect(log.filter((line) => line.includes("capture"))).toEqual([
      "info watcher: capture opened",
      "info watcher: capture closed",
    ]);
  });

  test("is refused when it knows records of system calls of another version", () => {
    const old = compilePlugin("watcher", directory, ['SCHEMA="3.0.0"']);
    expect(() => start(new Simulation().state, old)).toThrow(
      "it reads records of version 3.0.0, and those here have 4.3.0",
    );
  });
});
