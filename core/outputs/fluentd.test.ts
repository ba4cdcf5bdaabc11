import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { createServer, type Socket } from "node:net";
import { sampleAlert } from "../../tests/harness/alert.ts";
import { Workspace } from "../../tests/harness/programs.ts";
import { type FluentdOptions, fluentdOutput } from "./fluentd.ts";
import { EventTime, pack, type Unpacked, unpack } from "./msgpack.ts";

const options: FluentdOptions = {
  address: "",
  tag: "falco",
  acknowledge: true,
  shared_key: "",
  user: "",
  password: "",
  tls: false,
  ca_cert: "",
  client_cert: "",
  client_key: "",
};
const batch = (n: number) => Array.from({ length: n }, () => ({ alert: sampleAlert(), text: "" }));
const sha512 = (...parts: string[]): string => createHash("sha512").update(parts.join("")).digest("hex");

/** A forward server on a unix socket: each value that arrives goes to `answer`. */
async function serve(
  space: Workspace,
  answer: (value: Unpacked, socket: Socket) => void,
  greet?: (socket: Socket) => void,
) {
  const path = space.file("forward");
  const server = createServer((socket) => {
    let received = Buffer.alloc(0);
    socket.on("error", () => undefined);
    greet?.(socket);
    socket.on("data", (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
      for (let found = unpack(received); found; found = unpack(received)) {
        received = received.subarray(found.length);
        answer(found.value, socket);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return { address: `unix://${path}`, [Symbol.dispose]: () => void server.close() };
}

type Chunk = [string, [EventTime, Record<string, Unpacked>][], { size: number; chunk?: string }];

test("fluentdOutput sends records in Forward mode and waits for the confirmation", async () => {
  await using space = new Workspace();
  const chunks: Chunk[] = [];
  using server = await serve(space, (value, socket) => {
    const chunk = value as unknown as Chunk;
    chunks.push(chunk);
    socket.write(pack({ ack: chunk[2].chunk ?? "" }));
  });
  const output = fluentdOutput({ ...options, address: server.address, tag: "falco.<priority>" });
  expect(await output.write(batch(3))).toEqual({ delivered: 3 });
  expect(await output.write(batch(1))).toEqual({ delivered: 1 });
  expect(chunks.map(([tag, entries, option]) => [tag, entries.length, option.size])).toEqual([
    ["falco.warning", 3, 3],
    ["falco.warning", 1, 1],
  ]);
  expect(chunks[0]![1][0]![0]).toEqual(new EventTime(1795217331890980689n));
  expect(chunks[0]![1][0]![1]).toEqual({
    hostname: "vm",
    output: "Sensitive file opened | file=/etc/shadow user=root",
    output_fields: { "fd.name": "/etc/shadow", "user.uid": 0, "proc.pname": null },
    priority: "Warning",
    rule: "Read sensitive file untrusted",
    source: "syscall",
    tags: ["filesystem", "T1555"],
    time: "2026-11-20T23:28:51.890980689Z",
  });
  await output.close();
});

test("fluentdOutput counts a chunk as lost that the server confirms wrongly or not at all", async () => {
  await using space = new Workspace();
  using server = await serve(space, (_, socket) => socket.write(pack({ ack: "another" })));
  const output = fluentdOutput({ ...options, address: server.address });
  const wrong = await output.write(batch(2));
  expect(wrong).toMatchObject({ delivered: 0 });
  expect(String(wrong.error)).toContain("confirmed something else");
  await output.close();
  const dead = fluentdOutput({ ...options, address: "unix:///nonexistent/socket" });
  expect((await dead.write(batch(1))).delivered).toBe(0);
  await dead.close();
});

test("fluentdOutput proves its shared key and asks for the server's proof", async () => {
  await using space = new Workspace();
  const verdicts: boolean[] = [];
  const answer =
    (key: string) =>
    (value: Unpacked, socket: Socket): void => {
      const [kind, host, salt, proof, user, login] = value as string[];
      if (kind !== "PING")
        return void socket.write(pack({ ack: (value as unknown as Chunk)[2].chunk ?? "" }));
      verdicts.push(
        proof === sha512(salt!, host!, "nonce", "key") &&
          user === "me" &&
          login === sha512("auth", "me", "pw"),
      );
      socket.write(pack(["PONG", true, "", "server", sha512(salt!, "server", "nonce", key)]));
    };
  const greet = (socket: Socket): void =>
    void socket.write(pack(["HELO", { nonce: "nonce", auth: "auth", keepalive: true }]));
  const secured = { ...options, shared_key: "key", user: "me", password: "pw" };
  {
    using server = await serve(space, answer("key"), greet);
    const output = fluentdOutput({ ...secured, address: server.address });
    expect(await output.write(batch(1))).toEqual({ delivered: 1 });
    await output.close();
  }
  await using other = new Workspace();
  using impostor = await serve(other, answer("guess"), greet);
  const output = fluentdOutput({ ...secured, address: impostor.address });
  const refused = await output.write(batch(1));
  expect(refused.delivered).toBe(0);
  expect(String(refused.error)).toContain("does not know the shared key");
  expect(verdicts).toEqual([true, true]);
  await output.close();
});
