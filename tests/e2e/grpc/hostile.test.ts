import { heapStats } from "bun:jsc";
import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { grpcFixture, sampleAlert, take, until } from "./server-fixture.ts";

const METHODS = [
  "/falco.outputs.service/sub",
  "/falco.outputs.service/get",
  "/falco.version.service/version",
  "/falco.api.v1.api/outputs",
  "/falco.api.v1.api/create_rules",
  "/falco.api.v1.api/patch_configs",
  "/falco.api.v1.api/inputs",
  "/grpc.health.v1.Health/Watch",
  "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
  "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
  "/no.such/method",
];

/** A generator of the same numbers each run, so that a failure can be looked at (Lehmer, 2^31 - 1). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 0x7fff_ffff;
    return state % below;
  };
}

/** Writes bytes to the socket and waits until the server or `patience` ends the connection. */
function throwAt(path: string, chunks: readonly Uint8Array[], patience: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const done = () => {
      socket.destroy();
      resolve();
    };
    socket.on("connect", () => {
      for (const chunk of chunks) socket.write(chunk);
    });
    socket
      .on("data", () => {})
      .on("error", done)
      .on("close", done);
    setTimeout(done, patience);
  });
}

function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array,
  claimed = payload.length,
): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(claimed & 0xff_ffff, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(stream & 0x7fff_ffff, 5);
  return Buffer.concat([header, payload]);
}

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

test("random bytes and random HTTP/2 frames end their connection and nothing else", async () => {
  await using server = await grpcFixture();
  const path = server.address.replace("unix://", "");
  const client = server.connect();
  const random = numbers(1);
  const bytes = (most: number) => randomBytes(random(most) + 1);
  const attacks = Array.from({ length: 200 }, (_, i) => {
    if (i % 4 === 0) return [bytes(2000)];
    const frames = Array.from({ length: random(20) + 1 }, () => {
      const payload = bytes(300);
      const claimed = random(4) === 0 ? random(1 << 24) : payload.length;
      return frame(random(11), random(256), random(5), payload, claimed);
    });
    return i % 4 === 1 ? [PREFACE, ...frames] : [PREFACE, frame(4, 0, 0, Buffer.alloc(0)), ...frames];
  });
  for (let i = 0; i < attacks.length; i += 20) {
    await Promise.all(attacks.slice(i, i + 20).map((chunks) => throwAt(path, chunks, 200)));
    expect((await client.version()).major).toBe(1);
  }
  expect(server.log.filter((line) => line.startsWith("error"))).toEqual([]);
  await until(() => server.hub.stats().subscribers === 0);
});

/** A call with these raw body chunks; resolves with the grpc-status, or the way the stream ended. */
function call(
  session: ClientHttp2Session,
  path: string,
  body: readonly Uint8Array[],
  cut: boolean,
): Promise<string> {
  return new Promise((resolve) => {
    const headers = { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" };
    const stream = session.request(headers);
    let status = "";
    stream.on("response", (response) => {
      status = String(response["grpc-status"] ?? status);
    });
    stream.on("trailers", (trailers) => {
      status = String(trailers["grpc-status"] ?? status);
    });
    stream.on("data", () => {});
    stream.on("error", () => resolve("error"));
    stream.on("close", () => resolve(status || "closed"));
    for (const chunk of body) stream.write(chunk);
    if (cut) setTimeout(() => stream.close(8), 20);
    else stream.end();
  });
}

test("malformed, truncated, oversized and abandoned messages get a status or a reset, on every method", async () => {
  await using server = await grpcFixture({ maxMessage: 65_536 });
  const session = connectHttp2("http://localhost", {
    createConnection: () => connect(server.address.replace("unix://", "")),
  });
  session.on("error", () => {});
  const message = (payload: Uint8Array, claimed = payload.length, compressed = 0) => {
    const head = Buffer.alloc(5);
    head[0] = compressed;
    head.writeUInt32BE(claimed >>> 0, 1);
    return Buffer.concat([head, payload]);
  };
  const random = numbers(7);
  for (const path of METHODS) {
    const bodies = [
      [message(randomBytes(200))],
      [message(Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]))],
      [message(randomBytes(10), 1000)],
      [message(Buffer.alloc(0), 0xffff_ffff)],
      [message(Buffer.alloc(100_000))],
      [message(randomBytes(50), 50, 1)],
      [Buffer.from([0, 0])],
      Array.from({ length: 20 }, () => message(randomBytes(random(100)))),
    ];
    for (const body of bodies) {
      const ended = await call(session, path, body, path.endsWith("Watch") || random(3) === 0);
      expect(ended).toMatch(/^(\d+|error|closed)$/);
    }
  }
  session.destroy();
  const client = server.connect();
  server.hub.publish(sampleAlert(1));
  expect(await take(client.sub(), 1)).toHaveLength(1);
  await until(() => server.hub.stats().subscribers === 0);
}, 180_000);

test("streams that come and go leave nothing behind", async () => {
  await using server = await grpcFixture();
  const client = server.connect();
  const round = async () => {
    const readers = Array.from({ length: 50 }, () => take(client.sub(), 10));
    await until(() => server.hub.stats().subscribers === 50);
    for (let n = 0; n < 10; n++) server.hub.publish(sampleAlert(n));
    await Promise.all(readers);
    await until(() => server.hub.stats().subscribers === 0);
  };
  for (let i = 0; i < 10; i++) await round();
  Bun.gc(true);
  const before = heapStats().heapSize;
  for (let i = 0; i < 40; i++) await round();
  Bun.gc(true);
  // 2,000 streams more; each of them kept would cost several kilobytes.
  expect(heapStats().heapSize - before).toBeLessThan(4 << 20);
}, 180_000);
