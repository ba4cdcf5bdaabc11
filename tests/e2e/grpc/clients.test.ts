import { expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { startFalco } from "./falco-process.ts";

const ROOT = join(import.meta.dir, "../../..");
const CLIENTS = join(ROOT, "proto/clients");

interface Suite {
  readonly language: string;
  /** The command, or why it can't run here. */
  readonly command: readonly string[] | string;
  readonly env?: Readonly<Record<string, string>>;
}

const succeeds = (command: readonly string[], cwd = ROOT) =>
  Bun.which(command[0]!) !== null &&
  Bun.spawnSync([...command], { cwd, stdout: "ignore", stderr: "ignore" }).success;

function python(): Suite["command"] {
  const all = [process.env.FALCO_PYTHON, "python3", "/usr/bin/python3"].filter((one) => one !== undefined);
  const found = all.find((one) => succeeds([one, "-c", "import grpc, google.protobuf"]));
  if (found) return [found, "-B", "-m", "unittest", "tests.test_client"];
  return "no Python has grpcio and protobuf (Debian: python3-grpcio)";
}

function go(): Suite["command"] {
  const directory = join(CLIENTS, "go");
  if (Bun.which("go") === null) return "there is no go";
  if (!succeeds(["go", "vet", "."], directory))
    return "go can't build the client here (no modules, or an older go)";
  return ["go", "test", "-count=1", "."];
}

function rust(): Suite["command"] {
  // A first build takes minutes; whoever has built the client (.ci/run does) gets the test.
  if (Bun.which("cargo") === null) return "there is no cargo";
  const built = join(CLIENTS, "rust/target/debug/deps");
  if (!existsSync(built) || !readdirSync(built).some((name) => /^client-[0-9a-f]+$/.test(name)))
    return "the Rust client isn't built (cargo test --no-run --test client)";
  return ["cargo", "test", "-q", "--offline", "--locked", "--test", "client"];
}

const SUITES: readonly Suite[] = [
  { language: "python", command: python(), env: { PYTHONPATH: "." } },
  { language: "go", command: go() },
  { language: "rust", command: rust() },
];

for (const { language, command, env } of SUITES) {
  const absent = typeof command === "string" ? command : undefined;
  if (absent) console.log(`skipped: ${language} client: ${absent}`);
  for (const mode of ["unix", "tls"]) {
    test.skipIf(absent !== undefined)(
      `the ${language} client's own tests pass against falco over ${mode}`,
      async () => {
        await using server = await startFalco({ tls: mode === "tls" });
        const child = Bun.spawn([...(command as readonly string[])], {
          cwd: join(CLIENTS, language),
          env: { ...process.env, ...env, FALCO_ADDRESS: server.address, FALCO_CERTS: server.certificates },
          stdout: "pipe",
          stderr: "pipe",
        });
        const [code, ...text] = await Promise.all([
          child.exited,
          new Response(child.stdout).text(),
          new Response(child.stderr).text(),
        ]);
        expect(code === 0 ? "" : text.join("\n")).toBe("");
      },
      300_000,
    );
  }
}
