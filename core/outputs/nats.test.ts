import { expect, test } from "bun:test";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { sampleAlert } from "../../tests/harness/alert.ts";
import { eventually, freePort, installed, Workspace } from "../../tests/harness/programs.ts";
import { type NatsOptions, natsOutput } from "./nats.ts";

const server = installed("nats-server");
const options: NatsOptions = {
  servers: [],
  subject: "falco.alerts",
  jetstream: false,
  user: "",
  password: "",
  token: "",
  credentials_file: "",
  tls: false,
  ca_cert: "",
  client_cert: "",
  client_key: "",
};
const batch = (n: number) =>
  Array.from({ length: n }, (_, i) => ({ alert: sampleAlert(), text: `line ${i}` }));

async function startNats(space: Workspace, ...args: string[]) {
  const port = await freePort();
  const child = space.spawn([
    server!,
    "-a",
    "127.0.0.1",
    "-p",
    String(port),
    "-sd",
    space.file("store"),
    ...args,
  ]);
  const listening = async (): Promise<boolean> => {
    try {
      const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } });
      socket.end();
      return true;
    } catch {
      return false;
    }
  };
  if (!(await eventually(listening))) throw new Error("nats-server did not start");
  return { servers: [`nats://127.0.0.1:${port}`], child };
}

test.skipIf(!server)("natsOutput publishes to a subject made of the alert", async () => {
  await using space = new Workspace();
  const { servers } = await startNats(space, "--user", "falco", "--pass", "pw");
  const listener = await connect({ servers, user: "falco", pass: "pw" });
  const seen: string[] = [];
  listener.subscribe("falco.>", {
    callback: (_, message) => void seen.push(`${message.subject} ${message.string()}`),
  });
  await listener.flush();
  const output = natsOutput({
    ...options,
    servers,
    user: "falco",
    password: "pw",
    subject: "falco.<priority>.<rule>",
  });
  expect(await output.write(batch(300))).toEqual({ delivered: 300 });
  expect(await eventually(() => seen.length === 300)).toBe(true);
  expect(seen[299]).toBe("falco.warning.read_sensitive_file_untrusted line 299");
  await output.close();
  await listener.close();
});

test.skipIf(!server)("natsOutput with a wrong password fails and does not print it", async () => {
  await using space = new Workspace();
  const { servers } = await startNats(space, "--user", "falco", "--pass", "pw");
  const output = natsOutput({ ...options, servers, user: "falco", password: "wr0ng" });
  const failure = await output.write(batch(1)).catch(String);
  expect(String(failure)).toMatch(/authorization/i);
  expect(String(failure)).not.toContain("wr0ng");
  await output.close();
});

test.skipIf(!server)("natsOutput JetStream counts only what the stream confirmed", async () => {
  await using space = new Workspace();
  const { servers } = await startNats(space, "-js");
  const output = natsOutput({ ...options, servers, jetstream: true });
  const unstored = await output.write(batch(3));
  expect(unstored.delivered).toBe(0);
  expect(unstored.error).toBeDefined();
  const admin = await connect({ servers });
  const manager = await jetstreamManager(admin);
  await manager.streams.add({ name: "alerts", subjects: ["falco.>"] });
  expect(await output.write(batch(500))).toEqual({ delivered: 500 });
  expect((await manager.streams.info("alerts")).state.messages).toBe(500);
  await output.close();
  await admin.close();
});

test.skipIf(!server)("natsOutput fails while the server is gone and goes on when it is back", async () => {
  await using space = new Workspace();
  const { servers, child } = await startNats(space);
  const output = natsOutput({ ...options, servers });
  expect(await output.write(batch(1))).toEqual({ delivered: 1 });
  child.kill("SIGKILL");
  await child.exited;
  expect(output.write(batch(1))).rejects.toThrow();
  const port = servers[0]!.split(":").at(-1)!;
  space.spawn([server!, "-a", "127.0.0.1", "-p", port]);
  const back = await eventually(
    async () => (await output.write(batch(1)).catch(() => undefined))?.delivered === 1,
  );
  expect(back).toBe(true);
  await output.close();
});
