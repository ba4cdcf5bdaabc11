import { expect, test } from "bun:test";
import { statSync, writeFileSync } from "node:fs";
import { create } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { FalcoClient, FalcoClientError } from "../../../proto/clients/typescript/src/falco-client.ts";
import { requestSchema, service } from "../../../proto/gen/outputs_pb.ts";
import { serviceDefinition } from "../../../proto/service-definition.ts";
import { failure, grpcFixture, sampleAlert, take, until } from "./server-fixture.ts";

/** A bare stub, as published clients have it. */
function outputsStub(address: string) {
  const Stub = grpc.makeClientConstructor(serviceDefinition(service), "outputs");
  return new Stub(address.replace("unix://", "unix:"), grpc.credentials.createInsecure());
}

const number = (alert: { outputFields: Readonly<Record<string, string>> }) => Number(alert.outputFields["n"]);

test("falco.version.service/version answers with the versions whole and in parts", async () => {
  await using server = await grpcFixture();
  expect(await server.connect().version()).toMatchObject({
    version: "1.2.3-rc.1+abc",
    major: 1,
    minor: 2,
    patch: 3,
    prerelease: "rc.1",
    build: "abc",
    engineVersion: "0.63.0",
    engineMinor: 63,
    engineFieldsChecksum: "c0ffee",
  });
});

test("the unix socket is its owner's alone, a stale one makes way, and a live one is not taken away", async () => {
  await using server = await grpcFixture();
  const path = server.address.replace("unix://", "");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const again = grpcFixture({ bindAddress: server.address });
  expect((await failure(again)).message).toMatch("another process is listening there");
  const file = server.file("plain");
  writeFileSync(file, "");
  expect((await failure(grpcFixture({ bindAddress: `unix://${file}` }))).message).toMatch("not a socket");
  // A killed process leaves its socket behind.
  const stale = server.file("stale.sock");
  const code = `require("node:net").createServer().listen(${JSON.stringify(stale)}, () => process.kill(process.pid, 9))`;
  Bun.spawnSync([process.execPath, "-e", code]);
  expect(statSync(stale).isSocket()).toBe(true);
  await using next = await grpcFixture({ bindAddress: `unix://${stale}` });
  expect((await next.connect().version()).major).toBe(1);
});

test("TCP without certificates, and an address that is none, are refused with what to do", async () => {
  expect((await failure(grpcFixture({ bindAddress: "127.0.0.1:0" }))).message).toMatch(
    /Cannot use ".*server.key" for gRPC/,
  );
  expect((await failure(grpcFixture({ bindAddress: "here" }))).message).toMatch("not an address");
  expect((await failure(grpcFixture({ bindAddress: "127.0.0.1:99999" }))).message).toMatch("not an address");
});

test("get streams what is queued and ends; sub streams what comes until cancelled", async () => {
  await using server = await grpcFixture();
  const client = server.connect();
  for (let n = 0; n < 3; n++) server.hub.publish(sampleAlert(n));
  const got = [];
  for await (const alert of client.get()) got.push(alert);
  expect(got.map(number)).toEqual([0, 1, 2]);
  expect(got[0]).toMatchObject({
    priority: "Notice",
    rule: "Terminal shell in container",
    source: "syscall",
    hostname: "node-1",
    tags: ["container", "mitre_execution", "shell"],
  });
  const stop = new AbortController();
  const seen: number[] = [];
  const reading = (async () => {
    for await (const alert of client.sub(stop.signal)) seen.push(number(alert));
  })();
  await until(() => server.hub.stats().subscribers === 1);
  for (let n = 3; n < 6; n++) server.hub.publish(sampleAlert(n));
  await until(() => seen.length === 3);
  stop.abort();
  await reading;
  expect(seen).toEqual([3, 4, 5]);
  await until(() => server.hub.stats().subscribers === 0);
});

test("sub delivers 100,000 alerts in order to a reading client, none lost", async () => {
  await using server = await grpcFixture();
  const client = server.connect();
  const total = 100_000;
  const seen: number[] = [];
  const reading = take(
    (async function* () {
      for await (const alert of client.sub()) yield seen.push(number(alert));
    })(),
    total,
  );
  await until(() => server.hub.stats().subscribers === 1);
  for (let n = 0; n < total; n++) {
    server.hub.publish(sampleAlert(n));
    if (n % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await reading;
  expect(seen.every((n, i) => n === i)).toBe(true);
  expect(server.hub.stats()).toMatchObject({ published: total, delivered: total, missed: 0 });
}, 180_000);

test("50 subscribers get every alert, over one connection each and over one for all", async () => {
  await using server = await grpcFixture();
  const shared = server.connect();
  const clients = Array.from({ length: 50 }, (_, i) => (i % 2 ? shared : server.connect()));
  const readers = clients.map((client) => take(client.sub(), 200));
  await until(() => server.hub.stats().subscribers === 50);
  for (let n = 0; n < 200; n++) server.hub.publish(sampleAlert(n));
  const expected = Array.from({ length: 200 }, (_, i) => i);
  for (const reader of await Promise.all(readers)) expect(reader.map(number)).toEqual(expected);
});

test("a subscriber that never reads is bounded, counted, told what it missed, and harms nobody", async () => {
  await using server = await grpcFixture({ hubOptions: { queue: 1000 } });
  const stalled = server.connect().sub()[Symbol.asyncIterator]();
  const first = stalled.next();
  await until(() => server.hub.stats().subscribers === 1);
  server.hub.publish(sampleAlert(0));
  expect(number((await first).value!)).toBe(0);
  // From here on nothing is asked of the iterator, so its client stops reading from the socket.
  const total = 20_000;
  let read = 0;
  const reader = (async () => {
    for await (const alert of server.connect().sub()) {
      expect(number(alert)).toBe(++read);
      if (read === total) break;
    }
  })();
  await until(() => server.hub.stats().subscribers === 2);
  for (let n = 1; n <= total; n++) {
    server.hub.publish(sampleAlert(n));
    // At the reader's pace, whatever the machine's.
    while (n - read > 500) await Bun.sleep(0);
  }
  await reader;
  const { missed, bytes } = server.hub.stats();
  expect(missed).toBeGreaterThan(0);
  expect(bytes).toBeLessThan(1000 * 1024);
  const told = server.drops.totals().find((drop) => drop.cause === "subscriber_slow");
  expect(told?.total).toBe(missed);
  let lost = 0;
  let received = 1;
  while (received + lost < total + 1) {
    const { value } = await stalled.next();
    if (value?.source === "internal") lost += Number(value.outputFields["missed"]);
    else received++;
  }
  expect(received + lost).toBe(total + 1);
  expect(lost).toBe(missed);
  await stalled.return?.();
}, 180_000);

test("subscribe goes on behind the last alert after the connection broke, and after the server restarted", async () => {
  await using server = await grpcFixture();
  const { address } = server;
  const client = server.connect();
  const stop = new AbortController();
  const seen: number[] = [];
  let reconnects = 0;
  const reading = (async () => {
    const onReconnect = () => void reconnects++;
    for await (const alert of client.subscribe({ signal: stop.signal, maxBackoff: 50, onReconnect })) {
      seen.push(number(alert));
    }
  })();
  await until(() => server.hub.stats().subscribers === 1);
  server.hub.publish(sampleAlert(0));
  await until(() => seen.length === 1);
  await server.close();
  for (let n = 1; n < 4; n++) server.hub.publish(sampleAlert(n));
  // The same hub behind a new listener: only the connection is new.
  const second = await grpcFixture({ bindAddress: address, hub: server.hub });
  await until(() => seen.length === 4);
  await second.close();
  await using restarted = await grpcFixture({ bindAddress: address });
  for (let n = 100; n < 103; n++) restarted.hub.publish(sampleAlert(n));
  await until(() => seen.length === 7);
  stop.abort();
  await reading;
  expect(seen).toEqual([0, 1, 2, 3, 100, 101, 102]);
  expect(reconnects).toBeGreaterThanOrEqual(2);
});

test("sub ends when the client closes its side, after what is queued", async () => {
  await using server = await grpcFixture();
  for (let n = 0; n < 5; n++) server.hub.publish(sampleAlert(n));
  const stub = outputsStub(server.address);
  const call = stub["sub"]!();
  call.write(create(requestSchema));
  call.end();
  let count = 0;
  call.on("data", () => count++);
  const status = await new Promise<{ code: number }>((resolve) => call.on("status", resolve));
  stub.close();
  expect([count, status.code]).toEqual([5, 0]);
});

test("a client that floods sub with requests is cut off with RESOURCE_EXHAUSTED", async () => {
  await using server = await grpcFixture();
  const stub = outputsStub(server.address);
  const call = stub["sub"]!();
  call.on("data", () => {});
  const status = new Promise<{ code: number }>((resolve) => call.on("error", resolve));
  for (let i = 0; i < 5000; i++) call.write(create(requestSchema));
  expect((await status).code).toBe(grpc.status.RESOURCE_EXHAUSTED);
  stub.close();
  await until(() => server.hub.stats().subscribers === 0);
});

test("an unknown server is told apart from one that refuses", async () => {
  const client = new FalcoClient({ address: "unix:///nowhere/falco.sock" });
  expect(await failure(client.version())).toBeInstanceOf(FalcoClientError);
  client.close();
});
