import { describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EventCursor } from "../../event/cursor.ts";
import { parseContainer } from "../../metadata/container-json.ts";
import { EVENT } from "../../schema/event-codes.ts";
import { FD, Fd, L4, ROLE } from "../../state/fd.ts";
import { State } from "../../state/state.ts";
import { Thread } from "../../state/thread.ts";
import { addThread } from "../../state/thread-table.ts";
import { RecordBuilder } from "./record-builder.ts";
import { Recorder, type RecorderOptions } from "./recorder.ts";
import { capturePath, RuleCapture } from "./rule-capture.ts";
import { ScapSource } from "./scap-source.ts";

const START = 1_795_217_331_859_646_660n;
const SECOND = 1_000_000_000n;

/** A chdir of thread 7 into a directory whose name does not compress. */
function eventAt(time: bigint, size = 100): EventCursor {
  const builder = new RecordBuilder();
  const head = new DataView(new ArrayBuffer(16));
  head.setBigUint64(0, time, true);
  head.setBigInt64(8, 7n, true);
  builder.begin(EVENT.SYSCALL_CHDIR_X, 2, head, 0);
  builder.push(Buffer.alloc(8), 0, 8);
  const path = Buffer.from(crypto.getRandomValues(new Uint8Array(size)).map((byte) => byte | 1));
  builder.push(path, 0, size);
  builder.finish();
  const event = new EventCursor();
  event.set(builder.bytes, builder.view, 0, 0);
  return event;
}

const inTempDir = async (use: (dir: string) => void | Promise<void>): Promise<void> => {
  const dir = mkdtempSync(join(tmpdir(), "falco-recorder-"));
  try {
    await use(dir);
  } finally {
    rmSync(dir, { recursive: true });
  }
};

const UNLIMITED: Omit<RecorderOptions, "path"> = { compress: true, maxBytes: 0, maxSeconds: 0, rotate: 0 };

/** The state and the number of events that a capture leads to. */
async function replayed(path: string): Promise<{ state: State; events: number }> {
  const state = new State();
  const cursor = new EventCursor();
  let events = 0;
  const seeds = state.seeds;
  const sink = {
    machine: seeds.machine.bind(seeds),
    thread: seeds.thread.bind(seeds),
    fd: seeds.fd.bind(seeds),
    user: seeds.user.bind(seeds),
    group: seeds.group.bind(seeds),
    interface: seeds.interface.bind(seeds),
    restart: seeds.restart.bind(seeds),
    event(bytes: Buffer, view: DataView, offset: number, cpu: number): boolean {
      events++;
      if (!cursor.set(bytes, view, offset, cpu)) return false;
      state.apply(cursor);
      state.settle();
      return true;
    },
  };
  const source = new ScapSource(path);
  await source.open(sink);
  while ((await source.pump(sink)) >= 0);
  source.close();
  return { state, events };
}

function exampleState(): State {
  const state = new State();
  const parent = new Thread(1);
  parent.pid = 1;
  parent.ptid = 0;
  parent.comm = "init";
  parent.cwd = "/";
  addThread(state, parent);
  const thread = new Thread(7);
  thread.pid = 7;
  thread.ptid = 1;
  thread.comm = "web";
  thread.cwd = "/srv/";
  thread.env = ["A=1"];
  thread.cgroups = [`cpu=/docker-${"ab".repeat(32)}.scope`];
  const socket = new Fd(FD.IPV4_SOCK);
  socket.l4 = L4.TCP;
  socket.role = ROLE.SERVER;
  socket.ends = {
    sourceIp: Uint8Array.of(9, 9, 9, 9),
    sourcePort: 4000,
    destIp: Uint8Array.of(10, 0, 0, 1),
    destPort: 80,
  };
  const listening = new Fd(FD.IPV4_SERVSOCK);
  listening.ends = {
    sourceIp: Uint8Array.of(0, 0, 0, 0),
    sourcePort: 80,
    destIp: new Uint8Array(4),
    destPort: 0,
  };
  thread.fds.set(3, socket);
  thread.fds.set(4, listening);
  addThread(state, thread);
  addThread(state, new Thread(99));
  const container = parseContainer('{"id":"abababababab","name":"web","type":0,"labels":{"a":"b"}}')!;
  state.containers.set(container.id, container);
  state.accounts.addUser("", { uid: 5, gid: 5, name: "five", home: "/5", shell: "/bin/sh" });
  state.accounts.addUser("abababababab", { uid: 6, gid: 6, name: "six", home: "/6", shell: "/bin/sh" });
  state.accounts.addGroup("abababababab", { gid: 6, name: "sixers" });
  return state;
}

describe("Recorder", () => {
  test("begins with what is known: processes, descriptors, accounts, containers", () =>
    inTempDir(async (dir) => {
      const path = join(dir, "a.scap");
      const recorder = new Recorder(exampleState(), { ...UNLIMITED, path });
      recorder.record(eventAt(START));
      recorder.close();
      const { state } = await replayed(path);
      expect([...state.threads.values()].map(({ tid }) => tid).sort()).toEqual([1, 7]);
      const thread = state.threads.get(7)!;
      expect(thread).toMatchObject({ comm: "web", env: ["A=1"], containerId: "abababababab", ptid: 1 });
      expect(thread.fds.get(3)).toMatchObject({ name: "9.9.9.9:4000->10.0.0.1:80", role: ROLE.SERVER });
      expect(thread.fds.get(4)).toMatchObject({ name: "0.0.0.0:80", kind: FD.IPV4_SERVSOCK });
      expect(state.containers.get("abababababab")).toMatchObject({
        name: "web",
        type: "docker",
        labels: { a: "b" },
      });
      expect(state.accounts.user("", 5)?.name).toBe("five");
      expect(state.accounts.user("abababababab", 6)?.name).toBe("six");
      expect(state.accounts.group("abababababab", 6)?.name).toBe("sixers");
    }));

  test("ends after so many seconds of events", () =>
    inTempDir(async (dir) => {
      const path = join(dir, "a.scap");
      const recorder = new Recorder(new State(), { ...UNLIMITED, path, maxSeconds: 2 });
      for (const after of [0n, 1n, 2n, 3n]) recorder.record(eventAt(START + after * SECOND));
      expect(recorder.done).toBe(true);
      expect((await replayed(path)).events).toBe(2);
    }));

  test("ends when the file has reached its size", () =>
    inTempDir(async (dir) => {
      const path = join(dir, "a.scap");
      const recorder = new Recorder(new State(), { ...UNLIMITED, path, maxBytes: 100_000 });
      for (let i = 0; i < 1000; i++) recorder.record(eventAt(START, 1000));
      expect(recorder.done).toBe(true);
      expect(recorder.events).toBeLessThan(200);
      expect(statSync(path).size).toBeLessThan(120_000);
      expect((await replayed(path)).events).toBe(recorder.events);
    }));

  test("rotates: the newest file keeps its name, and no more than wanted are kept", () =>
    inTempDir(async (dir) => {
      const path = join(dir, "a.scap");
      const recorder = new Recorder(exampleState(), { ...UNLIMITED, path, maxBytes: 20_000, rotate: 3 });
      for (let i = 0; i < 200; i++) recorder.record(eventAt(START, 1000));
      recorder.close();
      expect(recorder.files).toBeGreaterThan(5);
      expect(recorder.events).toBe(200);
      expect(readdirSync(dir).sort()).toEqual(["a.scap", "a.scap.1", "a.scap.2"]);
      for (const file of readdirSync(dir))
        expect((await replayed(join(dir, file))).state.threads.has(7)).toBe(true);
    }));

  test("does not rotate without a size", () => {
    expect(() => new Recorder(new State(), { ...UNLIMITED, path: "x", rotate: 2 })).toThrow(/Cannot rotate/);
  });
});

describe("RuleCapture", () => {
  const options = { mode: "rules", defaultDurationMs: 5000, maxFileSizeMb: 0 } as const;

  test("records from a match until the rule's time is over; later matches make it longer", () =>
    inTempDir(async (dir) => {
      const capture = new RuleCapture(new State(), { ...options, pathPrefix: join(dir, "c") }, () => {});
      const pass = (seconds: bigint, match?: { capture: boolean; durationMs: number }): void => {
        const event = eventAt(START + seconds * SECOND);
        event.num = Number(seconds) + 1;
        if (match) capture.matched(event, match);
        capture.event(event);
      };
      pass(0n);
      pass(1n, { capture: false, durationMs: 0 });
      expect(capture.recording).toBe(false);
      pass(2n, { capture: true, durationMs: 3000 });
      pass(4n, { capture: false, durationMs: 0 });
      pass(8n);
      expect(capture.recording).toBe(true);
      pass(9n);
      expect(capture.recording).toBe(false);
      pass(10n);
      const [file] = readdirSync(dir);
      expect(file).toBe(`c_0${START + 2n * SECOND}_00000000000000000003.scap`);
      expect((await replayed(join(dir, file!))).events).toBe(4);
    }));

  test("ends at the size limit and says so", () =>
    inTempDir((dir) => {
      const reached: string[] = [];
      const capture = new RuleCapture(
        new State(),
        { ...options, mode: "all_rules", maxFileSizeMb: 1, pathPrefix: join(dir, "c") },
        ({ path }) => reached.push(path),
      );
      for (let i = 0; i < 400 && reached.length === 0; i++) {
        const event = eventAt(START, 10_000);
        capture.matched(event, { capture: false, durationMs: 0 });
        capture.event(event);
      }
      expect(reached.map((path) => existsSync(path))).toEqual([true]);
      expect(statSync(reached[0]!).size).toBeLessThan(1.2 * 1024 * 1024);
    }));

  test("capturePath sorts by time and number", () => {
    expect(capturePath("/var/log/falco/captures/security_event", 1_648_178_040_000_000_000n, 1011)).toBe(
      "/var/log/falco/captures/security_event_01648178040000000000_00000000000000001011.scap",
    );
    expect(capturePath("", 123n, 456)).toBe("_00000000000000000123_00000000000000000456.scap");
  });
});
