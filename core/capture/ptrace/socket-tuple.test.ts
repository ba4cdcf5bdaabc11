import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { borrowedNames } from "./borrowed-socket.ts";
import { listedNames, socketTuple } from "./socket-tuple.ts";
import type { Invocation } from "./tracee.ts";

const dir = mkdtempSync(join(tmpdir(), "falco-tuple-"));
const path = join(dir, "socket");
const call: Invocation = {
  tid: process.pid,
  call: { code: 0, exit: "SOCKET_CONNECT_X", index: 0, number: 0 },
  compat: false,
  args: [0n, 0n, 0n, 0n, 0n, 0n],
  result: 0,
  filename: undefined,
  repetition: 0,
  file: undefined,
  existed: false,
};

/** Descriptors of this process that are sockets. */
const sockets = (): Set<number> =>
  new Set(
    readdirSync("/proc/self/fd")
      .map(Number)
      .filter((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`).startsWith("socket:");
        } catch {
          return false;
        }
      }),
  );

interface Pair {
  readonly server: Server;
  readonly client: Socket;
  readonly fds: readonly number[];
}

/** A connected client and its server; their descriptors. */
async function pair(where: { port: number; host: string } | { path: string }): Promise<Pair> {
  const before = sockets();
  const server = createServer();
  await new Promise<void>((done) => server.listen(where, done));
  const address = server.address();
  const target = typeof address === "object" && address ? { ...where, port: address.port } : where;
  const accepted = new Promise((done) => server.once("connection", done));
  const client = connect(target as { path: string });
  await Promise.all([accepted, new Promise<void>((done) => client.once("connect", () => done()))]);
  return { server, client, fds: [...sockets()].filter((fd) => !before.has(fd)) };
}

const pairs: Pair[] = [];
beforeAll(async () => {
  pairs.push(
    await pair({ port: 0, host: "127.0.0.1" }),
    await pair({ port: 0, host: "::1" }),
    await pair({ path }),
  );
});
afterAll(() => {
  for (const { server, client } of pairs) {
    client.destroy();
    server.close();
  }
  rmSync(dir, { recursive: true, force: true });
});

test("borrowedNames() of something that is no socket is undefined", () => {
  expect(borrowedNames(process.pid, 0)).toBeUndefined();
  expect(borrowedNames(process.pid, 999_999)).toBeUndefined();
});

test("socketTuple() has the client's port as the source of what goes out, and the server's as its destination", () => {
  const { client, server, fds } = pairs[0]!;
  const address = server.address();
  if (typeof address !== "object" || !address) throw new Error("no address");
  const tuples = fds.map((fd) => Buffer.from(socketTuple(call, fd, "out")));
  const expected = Buffer.from([2, 127, 0, 0, 1, 0, 0, 127, 0, 0, 1, 0, 0]);
  expected.writeUInt16LE(client.localPort!, 5);
  expected.writeUInt16LE(address.port, 11);
  expect(tuples.map(String)).toContain(String(expected));
});

test("listedNames() finds in /proc the ends that borrowedNames() finds", () => {
  for (const { fds } of pairs.slice(0, 2)) {
    expect(fds.length).toBeGreaterThan(2);
    for (const fd of fds) {
      const [borrowed, listed] = [borrowedNames(process.pid, fd), listedNames(call, fd)];
      const end = (name: Buffer | undefined): string => name?.subarray(0, 8).toString("hex") ?? "";
      expect(end(listed?.local)).toBe(end(borrowed?.local));
      if (borrowed!.remote.length > 0) expect(end(listed?.remote)).toBe(end(borrowed?.remote));
    }
  }
});

test("socketTuple() carries the path of a unix socket", () => {
  const tuples = pairs[2]!.fds.map((fd) => Buffer.from(socketTuple(call, fd, "out")).toString("latin1"));
  expect(tuples.filter((tuple) => tuple.endsWith(`${path}\0`)).length).toBe(1);
});
