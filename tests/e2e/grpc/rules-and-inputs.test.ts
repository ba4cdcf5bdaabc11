import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type FieldDeclaration, RulesRefused } from "../../../proto/clients/typescript/src/falco-client.ts";
import { failure, grpcFixture, take, until } from "./server-fixture.ts";

const FILE = `
- macro: often
  condition: login.count > 10
- rule: Shell spawned
  desc: d
  condition: evt.type = execve and proc.name = bash
  output: A shell (%proc.name)
  priority: WARNING
  tags: [shell]
`;

const FIELDS: FieldDeclaration[] = [
  { name: "login.user", type: "string" },
  { name: "login.count", type: "uint64" },
  { name: "login.from", type: "ipaddr" },
  { name: "login.groups", type: "string", list: true },
];

const rule = (name: string, condition: string) =>
  `- rule: ${name}\n  desc: d\n  condition: ${condition}\n  output: "%login.user tried %login.count times"\n` +
  "  priority: ERROR\n  source: login\n";

test("rules made, changed, switched and deleted over the API take effect on the next event", async () => {
  await using server = await grpcFixture({ ruleFile: FILE });
  const client = server.connect();
  const input = client.input("login", FIELDS);
  /** Sends an event and says whether an alert comes of it; a rule that is always on marks the end. */
  const alerts: string[] = [];
  const reading = (async () => {
    for await (const alert of client.sub()) alerts.push(alert.rule);
  })();
  await client.rules.create(rule("Mark", "login.user = mark"));
  const matched = async (count: number) => {
    alerts.length = 0;
    await input.send({ "login.user": "ann", "login.count": count });
    await input.send({ "login.user": "mark" });
    await until(() => alerts.at(-1) === "Mark");
    return alerts.slice(0, -1);
  };
  expect(await matched(20)).toEqual([]);
  await client.rules.create(rule("Many", "often and login.user != mark"));
  expect(await matched(20)).toEqual(["Many"]);
  expect(await matched(5)).toEqual([]);
  await client.rules.update(rule("Many", "login.count > 3 and login.user = ann"));
  expect(await matched(5)).toEqual(["Many"]);
  await client.rules.disable(["Many"]);
  expect(await matched(5)).toEqual([]);
  expect(await client.rules.get("Many")).toMatchObject({ enabled: false, source: "login", file: "" });
  await client.rules.enable(["Many"]);
  expect(await matched(5)).toEqual(["Many"]);
  await client.rules.delete({ rules: ["Many"] });
  expect(await matched(5)).toEqual([]);
  await input.close();
  await server.close();
  await reading.catch(() => {});
});

test("an invalid rule changes nothing and comes back with findings placed in it, and the validator's JSON", async () => {
  await using server = await grpcFixture({ ruleFile: FILE });
  const client = server.connect();
  const before = await client.rules.list();
  const bad = `# mine\n${rule("Bad", "login.nothing = 1")
    .replace("login\n", "syscall\n")
    .replace(/output: .*/, "output: o")}`;
  const refused = await client.rules.create(bad).catch((error) => error);
  expect(refused).toBeInstanceOf(RulesRefused);
  expect(refused.findings[0]).toMatchObject({ severity: "error", item: expect.stringContaining("Bad") });
  expect(bad.split("\n")[refused.findings[0].line - 1]).toContain("login.nothing");
  expect(JSON.parse(refused.result).falco_load_results[0]).toMatchObject({ successful: false });
  expect(await client.rules.list()).toEqual(before);
  expect(await client.rules.validate(bad)).toMatchObject({ applied: false });
  expect(await client.rules.validate(rule("Good", "login.count = 1"))).toMatchObject({ applied: true });
  expect(await failure(client.rules.create("- {"))).toMatchObject({ code: "INVALID_ARGUMENT" });
  expect((await failure(client.rules.get("Shell spawn"))).message).toMatch('did you mean "Shell spawned"?');
});

test("rules over files of the configuration: listed, switched and overridden there, not rewritten", async () => {
  await using server = await grpcFixture({ ruleFile: FILE });
  const client = server.connect();
  const { rules } = await client.rules.list();
  expect(rules.map((one) => [one.name, one.file, one.enabled])).toEqual([
    ["Shell spawned", "rules.yaml", true],
  ]);
  await client.rules.disable([], ["shell"]);
  expect((await client.rules.get("Shell spawned")).enabled).toBe(false);
  await client.rules.create("- rule: Shell spawned\n  priority: DEBUG\n  override:\n    priority: replace\n");
  expect((await client.rules.get("Shell spawned")).priority).toBe(7);
  await client.rules.delete({ rules: ["Shell spawned"] });
  expect(await client.rules.get("Shell spawned")).toMatchObject({
    priority: 4,
    enabled: true,
    file: "rules.yaml",
  });
  expect(await failure(client.rules.delete({ rules: ["Shell spawned"] }))).toMatchObject({
    code: "FAILED_PRECONDITION",
  });
});

test("a restart keeps what was persisted", async () => {
  const rulesDirectory = mkdtempSync(join(tmpdir(), "falco-rules-"));
  {
    await using server = await grpcFixture({ ruleFile: FILE, rulesDirectory });
    const client = server.connect();
    await client.rules.create(FILE.replace("Shell spawned", "Kept").replace("often", "often_too"));
    await client.rules.disable(["Shell spawned"]);
  }
  await using server = await grpcFixture({ ruleFile: FILE, rulesDirectory });
  const { rules } = await server.connect().rules.list();
  expect(rules.map((one) => [one.name, one.file, one.enabled])).toEqual([
    ["Shell spawned", "rules.yaml", false],
    ["Kept", "", true],
  ]);
  rmSync(rulesDirectory, { recursive: true });
});

test("inputs: 100,000 events of a client's own source, acknowledged; those that rules match alert", async () => {
  await using server = await grpcFixture({ ruleFile: FILE });
  const client = server.connect();
  await client.rules.create(rule("Thousandth", "login.count = 1000"));
  const total = 100_000;
  const input = client.input("login", FIELDS);
  const alerts = take(client.sub(), total / 1000);
  for (let n = 1; n <= total; n++) await input.send({ "login.user": "u", "login.count": n % 1000 || 1000 });
  expect(await input.close()).toMatchObject({ accepted: BigInt(total), refused: 0n });
  expect((await alerts).every((alert) => alert.output === "u tried 1000 times")).toBe(true);
}, 180_000);

test("inputs: an ill-typed event is refused by itself with its field and reason; the stream goes on", async () => {
  await using server = await grpcFixture({ ruleFile: FILE });
  const client = server.connect();
  const refusals: [bigint, string, string][] = [];
  const onRefusal = ({ id, field, reason }: { id: bigint; field: string; reason: string }) =>
    void refusals.push([id, field, reason]);
  const input = client.input("login", FIELDS, { onRefusal });
  await input.send({ "login.user": "a" });
  await input.send({ "login.user": 1 });
  await input.send({ "login.count": "many" });
  await input.send({ "login.from": "10.0.0.300" });
  await input.send({ "login.groups": ["a", 2] });
  await input.send({ "other.field": "x" });
  await input.send({ "login.from": "::1", "login.groups": ["a", "b"], "login.count": 2n ** 64n - 1n });
  expect(await input.close()).toMatchObject({ accepted: 2n, refused: 5n });
  expect(refusals).toEqual([
    [2n, "login.user", "not a text"],
    [3n, "login.count", "not a number"],
    [4n, "login.from", "not an IP address"],
    [5n, "login.groups", "not a list, each a text"],
    [6n, "other.field", "not declared"],
  ]);
});

test("inputs: a bad declaration, a second one, and fields that rules don't fit end the input with the reason", async () => {
  await using server = await grpcFixture({ ruleFile: FILE });
  const client = server.connect();
  const declared = (source: string, fields: FieldDeclaration[]) => client.input(source, fields).close();
  expect((await failure(declared("syscall", FIELDS))).message).toMatch(
    "falco has an event source of that name",
  );
  expect((await failure(declared("No Name", FIELDS))).message).toMatch("is no name for a source");
  expect((await failure(declared("login", []))).message).toMatch("no fields");
  expect((await failure(declared("login", [...FIELDS, FIELDS[0]!]))).message).toMatch("declared twice");
  expect((await failure(declared("login", [{ name: "evt.num", type: "uint64" }]))).message).toMatch(
    'every source has a field "evt.num"',
  );
  await client.rules.create(rule("Needs user", "login.user = x"));
  expect(await failure(declared("login", [{ name: "login.count", type: "uint64" }]))).toMatchObject({
    code: "FAILED_PRECONDITION",
    message: expect.stringContaining("Needs user"),
  });
  expect(await declared("login", FIELDS)).toMatchObject({ accepted: 0n });
});

test("drops streams totals and then what is new", async () => {
  await using server = await grpcFixture();
  server.drops.add("syscall", "buffer_full", 3);
  const stream = server.connect().drops();
  expect((await stream.next()).value).toMatchObject({
    source: "syscall",
    cause: "buffer_full",
    count: 3n,
    total: 3n,
  });
  server.drops.add("syscall", "buffer_full", 2);
  expect((await stream.next()).value).toMatchObject({ total: 5n });
  await stream.return();
});
