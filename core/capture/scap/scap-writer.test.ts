import { describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EventCursor } from "../../event/cursor.ts";
import type {
  FdSeed,
  GroupSeed,
  InterfaceSeed,
  MachineInfo,
  Sink,
  ThreadSeed,
  UserSeed,
} from "../../event/source.ts";
import { EVENT } from "../../schema/event-codes.ts";
import { FD, L4 } from "../../state/fd.ts";
import { RecordBuilder } from "./record-builder.ts";
import { ScapSource } from "./scap-source.ts";
import { ScapWriter } from "./scap-writer.ts";

/** Remembers everything it is handed. */
class Tape implements Sink {
  readonly heard: unknown[] = [];
  machine(info: MachineInfo): void {
    this.heard.push({ machine: { ...info, isRecorded: undefined } });
  }
  thread(seed: ThreadSeed): void {
    this.heard.push({ thread: seed });
  }
  fd(seed: FdSeed): void {
    this.heard.push({ fd: seed });
  }
  user(seed: UserSeed): void {
    this.heard.push({ user: seed });
  }
  group(seed: GroupSeed): void {
    this.heard.push({ group: seed });
  }
  interface(seed: InterfaceSeed): void {
    this.heard.push({ interface: seed });
  }
  restart(): void {
    this.heard.push("restart");
  }
  event(bytes: Buffer, view: DataView, offset: number, cpu: number): boolean {
    const length = view.getUint32(offset + 16, true);
    this.heard.push({ cpu, event: bytes.toString("hex", offset, offset + length) });
    return true;
  }
}

async function readAll(path: string): Promise<unknown[]> {
  const tape = new Tape();
  const source = new ScapSource(path);
  await source.open(tape);
  while ((await source.pump(tape)) >= 0);
  source.close();
  return tape.heard;
}

const thread: ThreadSeed = {
  tid: 42,
  pid: 42,
  ptid: 1,
  sid: 42,
  vpgid: 42,
  pgid: 42,
  vtid: 7,
  vpid: 7,
  comm: "nginx",
  exe: "nginx:",
  exePath: "/usr/sbin/nginx",
  args: ["-g", "daemon off;", ""],
  env: ["PATH=/bin", "A=ü"],
  cwd: "/srv/",
  root: "/",
  fdLimit: 1_048_576,
  flags: 0x2000_0000,
  uid: 33,
  gid: 0xffff_ffff,
  loginUid: 1000,
  vmSize: 1,
  vmRss: 2,
  vmSwap: 3,
  pageFaultsMajor: 4,
  pageFaultsMinor: 2 ** 40,
  cgroups: ["cpu=/docker/x", "memory=/docker/x"],
  tty: 34816,
  cloneTime: 0n,
  pidnsInitStart: 17n,
  capInheritable: 1n,
  capPermitted: 0x1ff_ffff_ffffn,
  capEffective: 2n,
  exeIno: 2n ** 63n + 5n,
  exeCtime: 1_795_217_331_859_646_660n,
  exeMtime: 9n,
  exeWritable: true,
  exeUpperLayer: false,
  exeLowerLayer: true,
  exeFromMemfd: true,
};

const ip6 = Uint8Array.from({ length: 16 }, (_, i) => i);
const fds: FdSeed[] = [
  { tid: 42, fd: 0, ino: 5n, kind: FD.FILE_V2, name: "/dev/null", openFlags: 3, dev: 6 },
  { tid: 42, fd: 3, ino: 2n ** 63n, kind: FD.FIFO, name: "pipe:[9]" },
  {
    tid: 42,
    fd: 4,
    ino: 0n,
    kind: FD.IPV4_SOCK,
    name: "",
    localIp: Uint8Array.of(10, 0, 0, 1),
    remoteIp: Uint8Array.of(10, 0, 0, 2),
    localPort: 80,
    remotePort: 65_535,
    l4: L4.TCP,
  },
  { tid: 42, fd: 5, ino: 0n, kind: FD.IPV6_SERVSOCK, name: "", localIp: ip6, localPort: 443, l4: L4.UDP },
  {
    tid: 43,
    fd: 6,
    ino: 1n,
    kind: FD.UNIX_SOCK,
    name: "/run/s",
    unixSource: 2n ** 64n - 1n,
    unixDestination: 3n,
  },
];

function exampleEvent(params: number): RecordBuilder {
  const builder = new RecordBuilder();
  const head = new DataView(new ArrayBuffer(16));
  head.setBigUint64(0, 1_795_217_331_859_646_660n, true);
  head.setBigInt64(8, 42n, true);
  builder.begin(EVENT.SYSCALL_CHDIR_X, 2, head, 0);
  builder.push(Buffer.alloc(8), 0, 8);
  builder.push(Buffer.from(`${"x".repeat(params)}\0`), 0, params + 1);
  builder.finish();
  return builder;
}

const inTempDir = async (use: (dir: string) => Promise<void>): Promise<void> => {
  const dir = mkdtempSync(join(tmpdir(), "falco-writer-"));
  try {
    await use(dir);
  } finally {
    rmSync(dir, { recursive: true });
  }
};

function feed(sink: Sink): void {
  sink.machine({ hostname: "host", cpus: 4, memoryBytes: 1n << 34n, bootTime: 77n });
  sink.interface({ name: "lo", ip: Uint8Array.of(127, 0, 0, 1), netmask: Uint8Array.of(255, 0, 0, 0) });
  sink.interface({ name: "eth0", ip: ip6, netmask: ip6 });
  sink.user({ uid: 0, gid: 0, name: "root", home: "/root", shell: "/bin/bash" });
  sink.group({ gid: 0, name: "root" });
  sink.thread(thread);
  sink.thread({ ...thread, tid: 43, args: [], env: [] });
  for (const fd of fds) sink.fd(fd);
  for (const size of [1, 2, 3, 4, 60_000]) {
    const { bytes, view } = exampleEvent(size);
    sink.event(bytes, view, 0, 3);
  }
}

describe("ScapWriter", () => {
  for (const compress of [false, true]) {
    test(`writes what ScapSource reads again as the same (${compress ? "gzip" : "plain"})`, () =>
      inTempDir(async (dir) => {
        const path = join(dir, "a.scap");
        const writer = new ScapWriter(path, { compress });
        feed(writer);
        writer.close();
        const expected = new Tape();
        feed(expected);
        expect(await readAll(path)).toEqual(expected.heard);
      }));
  }

  test("keeps its memory: millions of bytes of events go out by the MiB", () =>
    inTempDir(async (dir) => {
      const writer = new ScapWriter(join(dir, "a.scap"), { compress: false });
      const { bytes, view } = exampleEvent(1000);
      for (let i = 0; i < 5000; i++) writer.event(bytes, view, 0, i % 4);
      expect(statSync(writer.path).size).toBeGreaterThan(3_000_000);
      writer.close();
      expect(statSync(writer.path).size).toBe(writer.bytes);
      expect((await readAll(writer.path)).length).toBe(5000);
    }));

  test("starts another section on restart, which readers hand on", () =>
    inTempDir(async (dir) => {
      const writer = new ScapWriter(join(dir, "a.scap"), { compress: true });
      feed(writer);
      writer.restart();
      feed(writer);
      writer.close();
      const heard = await readAll(writer.path);
      expect(heard.indexOf("restart")).toBe((heard.length - 1) / 2);
    }));

  test("keeps captures to their owner", () =>
    inTempDir(async (dir) => {
      const writer = new ScapWriter(join(dir, "a.scap"), { compress: true });
      writer.close();
      expect(statSync(writer.path).mode & 0o777).toBe(0o600);
      expect(readdirSync(dir)).toEqual(["a.scap"]);
    }));

  test("says what to do when the file cannot be made", () => {
    expect(() => new ScapWriter("/nonexistent/dir/a.scap", { compress: true })).toThrow(
      /Cannot write capture \/nonexistent\/dir\/a\.scap: .*ENOENT/,
    );
  });
});

test("EventCursor reads the record a RecordBuilder made", () => {
  const { bytes, view } = exampleEvent(5);
  const event = new EventCursor();
  event.set(bytes, view, 0, 0);
  expect(event.text(1)).toBe("xxxxx");
  expect(event.tid).toBe(42);
});
