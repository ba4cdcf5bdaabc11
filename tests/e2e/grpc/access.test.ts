import { expect, test } from "bun:test";
import { copyFileSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { connect as connectTls } from "node:tls";
import { generateCertificates } from "../../../core/server/tls/generate.ts";
import { FalcoClient } from "../../../proto/clients/typescript/src/falco-client.ts";
import { failure, grpcFixture, sampleAlert, take, until } from "./server-fixture.ts";

test("with mutual TLS a client with a certificate of the authority is served", async () => {
  await using server = await grpcFixture({ tls: true });
  const client = server.connect("client");
  expect((await client.version()).major).toBe(1);
  server.hub.publish(sampleAlert(1));
  expect(await take(client.sub(), 1)).toHaveLength(1);
});

test("a missing certificate, one of another authority, and no TLS at all are refused", async () => {
  await using server = await grpcFixture({ tls: true });
  const other = server.file("other");
  await generateCertificates({ directory: other });
  const foreign = new FalcoClient({
    address: server.address,
    certificates: { ca: server.file("ca.crt"), cert: `${other}/client.crt`, key: `${other}/client.key` },
  });
  expect(await failure(foreign.version())).toMatchObject({ code: "UNAVAILABLE" });
  foreign.close();
  const nothing = { address: server.address, certificates: { ca: "/nowhere/ca.crt" } };
  expect(() => new FalcoClient(nothing)).toThrow('no file "/nowhere/ca.crt"');
  const port = Number(server.address.split(":").at(-1));
  const bare = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false, ALPNProtocols: ["h2"] });
  const ended = await new Promise<string>((resolve) => {
    bare.on("data", () => {});
    bare.once("error", () => resolve("error")).once("close", () => resolve("close"));
  });
  expect(["error", "close"]).toContain(ended);
});

test("a client refuses a server of another authority", async () => {
  await using server = await grpcFixture({ tls: true });
  const other = server.file("other");
  await generateCertificates({ directory: other });
  const client = new FalcoClient({
    address: server.address,
    certificates: { ca: `${other}/ca.crt`, cert: server.file("client.crt"), key: server.file("client.key") },
  });
  expect(await failure(client.version())).toMatchObject({ code: "UNAVAILABLE" });
  client.close();
});

test("a client refuses a server whose certificate is for another name or address", async () => {
  await using server = await grpcFixture({ tls: true, bindAddress: "127.0.0.1:0" });
  // The certificate is for this machine's names, 127.0.0.1 and ::1; the server listens on 127.0.0.2, too.
  await using other = await grpcFixture({
    tls: true,
    bindAddress: "127.0.0.2:0",
    certificates: {
      privateKey: server.file("server.key"),
      certChain: server.file("server.crt"),
      rootCerts: server.file("ca.crt"),
    },
  });
  expect((await server.connect("client").version()).major).toBe(1);
  expect(await failure(server.connect("client", other.address).version())).toMatchObject({
    code: "UNAVAILABLE",
  });
});

test("only certificates named in admins may change things; every accepted one may read", async () => {
  await using server = await grpcFixture({ tls: true, limits: { admins: ["operator"] } });
  const [reader, admin] = [server.connect("client"), server.connect("operator")];
  for (const call of [
    () => reader.rules.create("- macro: m\n  condition: evt.num > 0\n"),
    () => reader.rules.disable(["x"]),
    () => reader.configs.set("priority", "debug"),
    () => reader.input("mine", [{ name: "a.b", type: "string" }]).close(),
  ]) {
    expect(await failure(call())).toMatchObject({ code: "PERMISSION_DENIED" });
  }
  // Let through, and stopped by there being no engine in this test.
  expect(await failure(admin.rules.disable(["x"]))).toMatchObject({ code: "UNAVAILABLE" });
  expect(await failure(reader.rules.list())).toMatchObject({ code: "UNAVAILABLE" });
});

test("without admins nobody changes anything over TCP", async () => {
  await using server = await grpcFixture({ tls: true });
  expect(await failure(server.connect("operator").rules.disable(["x"]))).toMatchObject({
    code: "PERMISSION_DENIED",
  });
});

test("certificate files that change are taken over; an unfit set is reported and the old one stays", async () => {
  await using server = await grpcFixture({ tls: true });
  const next = server.file("next");
  await generateCertificates({ directory: next });
  expect((await server.connect().version()).major).toBe(1);
  writeFileSync(server.file("server.key"), "half a k");
  await until(() => server.log.some((line) => line.startsWith("warning") && line.includes("server.key")));
  expect((await server.connect().version()).major).toBe(1);
  const old = server.file("old");
  mkdirSync(old);
  for (const name of ["ca.crt", "client.crt", "client.key"])
    copyFileSync(server.file(name), `${old}/${name}`);
  for (const name of ["server.key", "server.crt", "ca.crt", "client.crt", "client.key"]) {
    copyFileSync(`${next}/${name}`, server.file(name));
  }
  await until(() => server.log.includes("info: gRPC certificates reloaded"));
  expect((await server.connect().version()).major).toBe(1);
  const before = new FalcoClient({
    address: server.address,
    certificates: { ca: `${old}/ca.crt`, cert: `${old}/client.crt`, key: `${old}/client.key` },
  });
  expect(await failure(before.version())).toMatchObject({ code: "UNAVAILABLE" });
  before.close();
});

test("a client says which of its files are no certificates, or not of one another", async () => {
  await using server = await grpcFixture({ tls: true });
  const client = (cert: string, key: string) => () =>
    new FalcoClient({
      address: server.address,
      certificates: { ca: server.file("ca.crt"), cert: server.file(cert), key: server.file(key) },
    });
  writeFileSync(server.file("empty"), "");
  expect(client("empty", "client.key")).toThrow(/no authority, certificate and its key/);
  expect(client("client.crt", "operator.key")).toThrow(
    /operator.key.* no authority, certificate and its key/,
  );
  expect(client("none.crt", "client.key")).toThrow(/no file ".*none.crt"/);
});

test("calls beyond the rate and streams beyond their number are refused, the connection goes on", async () => {
  await using server = await grpcFixture({ limits: { maxStreams: 2, callsPerSecond: 1, burst: 5 } });
  const client = server.connect();
  const streams = [client.sub(), client.sub()].map((stream) => stream.next());
  await until(() => server.hub.stats().subscribers === 2);
  expect(await failure(client.sub().next())).toMatchObject({ code: "RESOURCE_EXHAUSTED" });
  await client.version();
  const calls = await Promise.allSettled([client.version(), client.version(), client.version()]);
  const refused = calls.filter((call) => call.status === "rejected");
  expect(refused.length).toBeGreaterThan(0);
  server.hub.publish(sampleAlert(1));
  await Promise.all(streams);
});

test("generateCertificates() keeps keys to their owner, and overwrites nothing unasked", async () => {
  await using server = await grpcFixture({ tls: true });
  expect(statSync(server.file("ca.key")).mode & 0o777).toBe(0o600);
  expect(statSync(server.file("server.key")).mode & 0o777).toBe(0o600);
  const { directory } = server;
  expect((await failure(generateCertificates({ directory }))).message).toMatch("exists");
  expect(
    (await failure(generateCertificates({ directory: server.file("n"), clients: ["../x"] }))).message,
  ).toMatch("can't name");
  expect(await generateCertificates({ directory, force: true })).toHaveLength(6);
});
