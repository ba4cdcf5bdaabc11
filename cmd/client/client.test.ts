import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VERSIONS } from "../../core/versions.ts";
import { startFalco } from "../../tests/e2e/grpc/falco-process.ts";

/** The two groups under a root of their own, as the program's root has them. */
const PROGRAM = `
  const { dispatch } = await import(${JSON.stringify(join(import.meta.dir, "../dispatch.ts"))});
  const { FalcoError } = await import(${JSON.stringify(join(import.meta.dir, "../../core/errors.ts"))});
  const commands = {
    client: async () => (await import(${JSON.stringify(join(import.meta.dir, "client.ts"))})).client,
    tls: async () => (await import(${JSON.stringify(join(import.meta.dir, "../tls/tls.ts"))})).tls,
  };
  try {
    process.exit(await dispatch({ name: "falco", summary: "", commands }, process.argv.slice(1)));
  } catch (error) {
    if (!(error instanceof FalcoError)) throw error;
    console.error(error.format());
    process.exit(1);
  }
`;

function start(words: readonly string[], input = "") {
  const child = Bun.spawn([process.execPath, "-e", PROGRAM, ...words], {
    stdin: new TextEncoder().encode(input),
    stdout: "pipe",
    stderr: "pipe",
  });
  const text = async () => {
    const [code, stdout, stderr] = await Promise.all([
      child.exited,
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    return { code, stdout, stderr };
  };
  return { child, text };
}
const falco = (words: readonly string[], input?: string) => start(words, input).text();

const RULES =
  '- rule: Mine\n  desc: d\n  condition: cli.user startswith a\n  output: "%cli.user came"\n  priority: ERROR\n  source: cli\n';
const SEND = ["send", "--source", "cli", "--field", "cli.user:string", "--field", "cli.tags:string[]"];

test("falco client: version, rules, send, outputs, drops and errors, against a server in another process", async () => {
  await using server = await startFalco();
  const { address } = server;
  const client = (words: readonly string[], input?: string) =>
    falco(["client", ...words, "--address", address], input);

  expect(JSON.parse((await client(["version", "--json"])).stdout)).toMatchObject({
    version: VERSIONS.falco,
    major: 0,
  });

  expect(await client(["rules", "create", "-"], RULES)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("ok, revision"),
    // Nobody has declared the source yet.
    stderr: expect.stringContaining("Unknown source cli"),
  });

  const events = '{"cli.user":"ann","cli.tags":["x"]}\n{"cli.user":1}\nnot json\n\n{"cli.user":"bob"}\n';
  const sent = await client(SEND, events);
  expect(sent).toMatchObject({ code: 1, stdout: "2 events taken, 2 refused\n" });
  expect(sent.stderr).toContain("line 2: cli.user: not a text");
  expect(sent.stderr).toContain("line 3: ");
  expect((await client(["send", "--field", "x"], "")).stderr).toContain('Invalid field "x"');

  const bad = await client(["rules", "update", "-"], RULES.replace("startswith a", "startswith"));
  expect(bad).toMatchObject({ code: 1, stderr: expect.stringContaining('error: rule "Mine"') });
  expect((await client(["rules", "update", "-"], "- rule: [")).stderr).toContain("Cannot read the rules");
  const list = (await client(["rules", "list"])).stdout.split("\n").map((line) => line.split(/ {2,}/));
  expect(list.slice(1, 3)).toEqual([
    ["Configured", "yes", "Informational", "syscall", server.file("rules.yaml")],
    ["Mine", "yes", "Error", "cli", "(API)"],
  ]);
  expect((await client(["rules", "get", "Mine"])).stdout).toContain("condition: cli.user startswith a");

  const outputs = await client(["outputs", "--get", "--json"]);
  expect(JSON.parse(outputs.stdout)).toMatchObject({
    rule: "Mine",
    output: expect.stringMatching(/: Error ann came$/),
    priority: "Error",
    source: "cli",
  });
  const following = start(["client", "outputs", "--address", address]);
  const reader = following.child.stdout.getReader();
  // It may subscribe before or after the event: what comes while nobody listens is queued.
  await client(SEND, '{"cli.user":"abe"}');
  expect(new TextDecoder().decode((await reader.read()).value)).toEndWith("Error abe came\n");
  reader.releaseLock();
  following.child.kill("SIGINT");
  expect(await following.child.exited).toBe(0);

  expect((await client(["configs", "set", "priority", "warning"])).stdout).toMatch(
    /priority +"warning" +set through the API/,
  );
  expect(JSON.parse((await client(["configs", "get", "priority", "--json"])).stdout)).toMatchObject([
    { value: "warning" },
  ]);
  expect((await client(["configs", "get", "priorty"])).stderr).toContain('did you mean "priority"?');
  expect((await client(["rules", "delete", "Mine"])).code).toBe(0);
  await server.stop();
  expect((await client(["version"])).stderr).toContain("is falco running with grpc.enabled");
}, 180_000);

test("falco tls generate writes certificates with private keys and prints their paths", async () => {
  const directory = mkdtempSync(join(tmpdir(), "falco-tls-"));
  const words = [
    "tls",
    "generate",
    "--dir",
    directory,
    "--host",
    "falco.example.org",
    "--client",
    "ops",
    "--json",
  ];
  const { code, stdout } = await falco(words);
  expect(code).toBe(0);
  const paths: string[] = JSON.parse(stdout);
  expect(paths.map((path) => path.slice(directory.length + 1))).toEqual([
    "ca.crt",
    "ca.key",
    "server.crt",
    "server.key",
    "ops.crt",
    "ops.key",
  ]);
  for (const path of paths) expect(statSync(path).mode & 0o077).toBe(path.endsWith(".key") ? 0 : 0o044);
  expect(await falco(words)).toMatchObject({ code: 1, stderr: expect.stringContaining("--force") });
  rmSync(directory, { recursive: true });
}, 180_000);
