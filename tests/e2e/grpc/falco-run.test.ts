import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { FalcoClient, type FieldDeclaration } from "../../../proto/clients/typescript/src/falco-client.ts";
import { startFalco } from "./falco-process.ts";
import { failure, take, until } from "./server-fixture.ts";

const FIELDS: FieldDeclaration[] = [{ name: "run.user", type: "string" }];
const RULE =
  '- rule: Somebody\n  desc: d\n  condition: run.user != ""\n  output: "%run.user came"\n' +
  "  priority: WARNING\n  source: run\n";

async function send(client: FalcoClient, user: string): Promise<void> {
  const input = client.input("run", FIELDS);
  await input.send({ "run.user": user });
  await input.close();
}

test("falco run: a client's events match a rule made over the API, and alert on every output", async () => {
  await using falco = await startFalco({ options: ["stdout_output.enabled=true"] });
  const client = new FalcoClient({ address: falco.address });
  await client.rules.create(RULE);
  await send(client, "ann");
  const [alert] = await take(client.subscribe(), 1);
  expect(alert).toMatchObject({ rule: "Somebody", priority: "Warning", source: "run" });
  // The text that other outputs print, with time and priority in front, as the published server sent it.
  expect(alert!.output).toMatch(/^\d\d:\d\d:\d\d\.\d{9}: Warning ann came$/);
  client.close();
  expect(await falco.stop()).toContain("Warning ann came");
}, 180_000);

test("falco run: rules and settings made over the API outlive a restart, and a reload of the files", async () => {
  await using falco = await startFalco();
  const first = new FalcoClient({ address: falco.address });
  await first.rules.create(RULE);
  await first.rules.disable(["Configured"]);
  const changed = await first.configs.set("priority", "error");
  expect(changed).toMatchObject([{ key: "priority", value: '"error"', overridden: true, restart: false }]);
  expect((await first.rules.get("Configured")).enabled).toBe(false);
  const loads = (): number => falco.log().split("rules.yaml | schema validation: ok").length;
  const before = loads();
  falco.signal("SIGHUP");
  await until(() => loads() > before);
  expect(await first.configs.get("priority")).toMatchObject([{ value: '"error"', overridden: true }]);
  expect((await first.rules.get("Configured")).enabled).toBe(false);
  first.close();
  await falco.stop();
  await using again = await startFalco({ directory: falco.directory });
  const second = new FalcoClient({ address: again.address });
  const { rules } = await second.rules.list();
  expect(rules.map(({ name, enabled }) => [name, enabled])).toEqual([["Configured", false]]);
  // Its source comes with the client that declares it.
  await send(second, "bob");
  expect((await second.rules.get("Somebody")).enabled).toBe(false);
  await second.configs.reset("priority");
  await send(second, "cid");
  expect((await take(second.subscribe(), 1))[0]?.output).toContain("cid came");
  second.close();
}, 180_000);

test("falco run: settings that are wrong change nothing, and secrets stay inside", async () => {
  await using falco = await startFalco({ options: ["http_output.url=http://u:hunter2@localhost/"] });
  const client = new FalcoClient({ address: falco.address });
  for (const [key, value] of [
    ["prioritty", "error"],
    ["priority", "loud"],
    ["webserver.listen_port", "70000"],
  ] as const) {
    expect(await failure(client.configs.set(key, value))).toMatchObject({ code: "INVALID_ARGUMENT" });
  }
  const before = await client.configs.get();
  const url = before.find((one) => one.key === "http_output.url");
  expect(url).toMatchObject({ value: "", secret: true });
  expect(await client.configs.set("nats_output.token", "hunter3")).toMatchObject([
    { value: "", secret: true },
  ]);
  expect(await client.configs.get("grpc.bind_address")).toMatchObject([{ restart: true }]);
  expect(JSON.stringify(await client.configs.get())).not.toMatch(/hunter/);
  expect(falco.log()).not.toMatch(/hunter/);
  client.close();
}, 180_000);

test("falco run: a stored document that can't be read stops the start and says which", async () => {
  await using falco = await startFalco();
  await falco.stop();
  await Bun.write(falco.file("state/falco_api_rules.yaml"), "- rule: [");
  writeFileSync(falco.file("falco.sock.not"), "");
  const error = await failure(startFalco({ directory: falco.directory }));
  expect(error.message).toContain("falco_api_rules.yaml");
}, 180_000);
