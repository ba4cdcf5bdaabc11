import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateCertificates } from "../../../core/server/tls/generate.ts";
import { endWithTests } from "../../harness/children.ts";

const ROOT = join(import.meta.dir, "../../..");

/** The program: the binary that FALCO_BINARY names, else the sources. */
const PROGRAM = process.env.FALCO_BINARY
  ? [process.env.FALCO_BINARY]
  : [process.execPath, join(ROOT, "cmd/main.ts")];

const RULES = "- rule: Configured\n  desc: d\n  condition: evt.type = open\n  output: o\n  priority: INFO\n";

export interface FalcoOptions {
  readonly tls?: boolean;
  /** Further `-o` options. */
  readonly options?: readonly string[];
  /** Where rules and settings are kept, and everything else: of an earlier process, to start again. */
  readonly directory?: string;
}

/** A running falco that captures nothing and serves gRPC, in a process of its own. */
export async function startFalco({ tls = false, options = [], directory }: FalcoOptions = {}) {
  const home = directory ?? mkdtempSync(join(tmpdir(), "falco-run-"));
  const file = (name: string): string => join(home, name);
  if (tls && !existsSync(file("ca.crt"))) {
    await generateCertificates({ directory: home, clients: ["client", "operator"] });
    await generateCertificates({ directory: file("other") });
  }
  writeFileSync(file("rules.yaml"), RULES);
  writeFileSync(file("falco.yaml"), "engine: {kind: nodriver}\nlog_level: info\nlog_stderr: true\n");
  const settings = {
    "grpc.enabled": "true",
    "grpc.bind_address": tls ? "127.0.0.1:0" : `unix://${file("falco.sock")}`,
    "grpc.private_key": file("server.key"),
    "grpc.cert_chain": file("server.crt"),
    "grpc.root_certs": file("ca.crt"),
    "grpc.admins[]": "operator",
    "grpc.state_dir": file("state"),
    "grpc_output.enabled": "true",
    "webserver.enabled": "false",
  };
  const words = [...Object.entries(settings).map(([key, value]) => `${key}=${value}`), ...options];
  const child = Bun.spawn(
    [
      ...PROGRAM,
      "run",
      "-c",
      file("falco.yaml"),
      "-r",
      file("rules.yaml"),
      ...words.flatMap((word) => ["-o", word]),
    ],
    { stdout: "pipe", stderr: "pipe" },
  );
  endWithTests(child);
  let log = "";
  const output = new Response(child.stdout).text();
  const address = await new Promise<string>((resolve, reject) => {
    const read = async () => {
      const decoder = new TextDecoder();
      for await (const chunk of child.stderr) {
        log += decoder.decode(chunk, { stream: true });
        const started = /Starting gRPC server at (\S+)/.exec(log);
        if (started) resolve(started[1]!);
      }
      reject(new Error(`falco did not start: ${log}`));
    };
    void read();
  });
  return {
    address,
    certificates: tls ? home : "",
    directory: home,
    file,
    log: () => log,
    signal: (name: NodeJS.Signals) => child.kill(name),
    /** Ends it and returns its standard output; the directory stays. */
    stop: async (): Promise<string> => {
      child.kill("SIGTERM");
      await child.exited;
      return await output;
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.exited;
      rmSync(home, { recursive: true, force: true });
    },
  };
}
