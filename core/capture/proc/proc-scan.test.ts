import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createSocket } from "node:dgram";
import { closeSync, constants, mkdtempSync, openSync, realpathSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FdSeed, InterfaceSeed, MachineInfo, SeedSink, ThreadSeed } from "../../event/source.ts";
import { libc } from "../../ffi/libc.ts";
import { FD, L4 } from "../../state/fd.ts";
import { ProcScan } from "./proc-scan.ts";

const BOOT = 1_700_000_000_000_000_000n;

class Collected implements SeedSink {
  readonly threads = new Map<number, ThreadSeed>();
  readonly fds: FdSeed[] = [];
  readonly interfaces: InterfaceSeed[] = [];
  info: MachineInfo | undefined;
  machine(info: MachineInfo): void {
    this.info = info;
  }
  thread(seed: ThreadSeed): void {
    this.threads.set(seed.tid, seed);
  }
  fd(seed: FdSeed): void {
    this.fds.push(seed);
  }
  interface(seed: InterfaceSeed): void {
    this.interfaces.push(seed);
  }
  user(): void {}
  group(): void {}
  restart(): void {}
}

const scanned = (tid: number): Collected => {
  const collected = new Collected();
  new ProcScan(BOOT).scanThread(tid, collected);
  return collected;
};

describe("ProcScan.scanThread", () => {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), "falco-proc-")));
  const file = join(dir, "file");
  const closers: (() => void)[] = [];
  let own: Collected;
  let fd: number;
  let tcp: { port: number; clientPort: number };
  let tcp6Port: number;
  let udpPort: number;

  beforeAll(async () => {
    fd = openSync(file, constants.O_RDWR | constants.O_CREAT | constants.O_APPEND, 0o600);
    const directory = openSync(dir, "r");
    closers.push(
      () => closeSync(fd),
      () => closeSync(directory),
    );
    const socket = { data() {} };
    const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket });
    const client = await Bun.connect({ hostname: "127.0.0.1", port: server.port, socket });
    const server6 = Bun.listen({ hostname: "::1", port: 0, socket });
    const unix = Bun.listen({ unix: join(dir, "socket"), socket });
    const udp = createSocket("udp4");
    await new Promise<void>((resolve) => udp.bind(0, "127.0.0.1", resolve));
    tcp = { port: server.port, clientPort: client.localPort };
    tcp6Port = server6.port;
    udpPort = udp.address().port;
    const eventfd = Number(libc().syscall(process.arch === "arm64" ? 19 : 290, 0, 0, 0, 0, 0, 0));
    closers.push(
      () => client.end(),
      () => server.stop(true),
      () => server6.stop(true),
      () => unix.stop(true),
      () => udp.close(),
      () => libc().close(eventfd),
    );
    own = scanned(process.pid);
  });

  afterAll(() => {
    for (const close of closers) close();
    rmSync(dir, { recursive: true, force: true });
  });

  const withPort = (port: number): FdSeed[] => own.fds.filter((seed) => seed.localPort === port);

  test("tells who the process is", () => {
    const seed = own.threads.get(process.pid)!;
    expect(seed).toMatchObject({
      pid: process.pid,
      ptid: process.ppid,
      uid: process.getuid!(),
      gid: process.getgid!(),
      cwd: process.cwd(),
      exePath: realpathSync(process.execPath),
      root: "/",
    });
    expect(seed.exeIno).toBe(statSync(process.execPath, { bigint: true }).ino);
    expect(seed.env.some((entry) => entry.startsWith("PATH="))).toBe(true);
    expect(seed.cgroups.length).toBeGreaterThan(0);
  });

  test("tells path, flags and inode of an open file, and directories apart", () => {
    const seed = own.fds.find((one) => one.fd === fd)!;
    expect(seed).toMatchObject({ kind: FD.FILE_V2, name: file, ino: statSync(file, { bigint: true }).ino });
    // O_RDWR and O_APPEND as events carry them
    expect(seed.openFlags! & (3 | 8)).toBe(3 | 8);
    expect(own.fds.find(({ name }) => name === dir)?.kind).toBe(FD.DIRECTORY);
  });

  test("tells both ends of a TCP connection, and a listening socket's one", () => {
    const [server] = withPort(tcp.port).filter(({ kind }) => kind === FD.IPV4_SERVSOCK);
    expect(server).toMatchObject({ l4: L4.TCP, localIp: Uint8Array.of(127, 0, 0, 1) });
    expect(server?.remotePort).toBeUndefined();
    const [client] = withPort(tcp.clientPort);
    expect(client).toMatchObject({
      kind: FD.IPV4_SOCK,
      l4: L4.TCP,
      remoteIp: Uint8Array.of(127, 0, 0, 1),
      remotePort: tcp.port,
    });
  });

  test("tells IPv6, UDP and unix sockets, and event descriptors", () => {
    const localhost = new Uint8Array(16);
    localhost[15] = 1;
    expect(withPort(tcp6Port)[0]).toMatchObject({ kind: FD.IPV6_SERVSOCK, localIp: localhost });
    expect(withPort(udpPort)[0]).toMatchObject({ kind: FD.IPV4_SERVSOCK, l4: L4.UDP });
    expect(own.fds.find(({ name }) => name === join(dir, "socket"))?.kind).toBe(FD.UNIX_SOCK);
    expect(own.fds.some(({ kind }) => kind === FD.EVENT)).toBe(true);
  });

  test("hands over a thread with its process", async () => {
    const worker = new Worker(
      URL.createObjectURL(
        new Blob(["setInterval(() => {}, 1000); postMessage(1)"], { type: "application/javascript" }),
      ),
    );
    await new Promise((resolve) => {
      worker.onmessage = resolve;
    });
    const { readdirSync } = await import("node:fs");
    const tid = readdirSync(`/proc/${process.pid}/task`)
      .map(Number)
      .find((id) => id !== process.pid)!;
    const collected = scanned(tid);
    expect(collected.threads.get(tid)).toMatchObject({ tid, pid: process.pid });
    expect(collected.threads.has(process.pid)).toBe(true);
    worker.terminate();
  });

  test("hands over nothing of a thread that is gone", () => {
    const { threads, fds } = scanned(0x3ff_ffff);
    expect(threads.size + fds.length).toBe(0);
  });
});

test("ProcScan.scan hands over the machine, its addresses and every process", () => {
  const all = new Collected();
  new ProcScan(BOOT).scan(all);
  expect(all.info).toMatchObject({ bootTime: BOOT });
  expect(all.interfaces.some(({ ip }) => ip[0] === 127 && ip.length === 4)).toBe(true);
  expect(all.threads.has(1)).toBe(true);
  expect(all.threads.get(process.pid)?.ptid).toBe(process.ppid);
});
