import { expect } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InputSources } from "../../../core/capture/inputs/input-sources.ts";
import { ApiEngine } from "../../../core/engine/api-engine.ts";
import type { Alert } from "../../../core/outputs/alert.ts";
import { ConfigStore } from "../../../core/server/grpc/config-store.ts";
import { DropLedger } from "../../../core/server/grpc/drop-ledger.ts";
import { type HubOptions, OutputHub } from "../../../core/server/grpc/hub.ts";
import { RULES_FILE, RulesStore } from "../../../core/server/grpc/rules-store.ts";
import { type GrpcServerOptions, startGrpcServer } from "../../../core/server/grpc/server.ts";
import { generateCertificates } from "../../../core/server/tls/generate.ts";
import { FalcoClient } from "../../../proto/clients/typescript/src/falco-client.ts";

export interface FixtureOptions extends Partial<GrpcServerOptions> {
  readonly tls?: boolean;
  /** Names and addresses in the server's certificate besides this machine's. */
  readonly hosts?: readonly string[];
  readonly hubOptions?: HubOptions;
  /** A rules file of the configuration: with it, a real engine stands behind the API. */
  readonly ruleFile?: string;
  /** Where the API's rules are kept. */
  readonly rulesDirectory?: string;
}

/** A gRPC server of this process in a directory of its own, on a unix socket or with mutual TLS. */
export async function grpcFixture(options: FixtureOptions = {}) {
  const directory = mkdtempSync(join(tmpdir(), "falco-grpc-"));
  const file = (name: string) => join(directory, name);
  const { hosts = [] } = options;
  if (options.tls) await generateCertificates({ directory, hosts, clients: ["client", "operator"] });
  const certificates = {
    privateKey: file("server.key"),
    certChain: file("server.crt"),
    rootCerts: file("ca.crt"),
  };
  const log: string[] = [];
  const drops = new DropLedger();
  const onDrop = (cause: string, count: number) => drops.add("outputs", cause, count);
  const hub = new OutputHub({ onDrop, ...options.hubOptions });
  const rules = new RulesStore(options.rulesDirectory);
  const engine = options.ruleFile === undefined ? undefined : apiEngine(options.ruleFile, hub, log);
  if (engine) rules.connect(engine);
  if (engine) expect((await engine.apply(rules.content)).ok).toBe(true);
  const server = await startGrpcServer({
    bindAddress: options.tls ? "127.0.0.1:0" : `unix://${file("falco.sock")}`,
    certificates,
    version: { version: "1.2.3-rc.1+abc", engineVersion: "0.63.0", engineFieldsChecksum: "c0ffee" },
    hub,
    drops,
    rules,
    configs: new ConfigStore(),
    inputs: engine ? new InputSources(engine) : { open: () => Promise.reject(new Error("no engine here")) },
    log: (level, text) => void log.push(`${level}: ${text}`),
    ...options,
  }).catch((error: unknown) => {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  });
  const clients: FalcoClient[] = [];
  const connect = (name = "client", address = server.address) => {
    const certificates = { ca: file("ca.crt"), cert: file(`${name}.crt`), key: file(`${name}.key`) };
    const client = new FalcoClient({ address, certificates });
    clients.push(client);
    return client;
  };
  return {
    ...server,
    directory,
    certificates,
    file,
    hub,
    drops,
    log,
    connect,
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.close();
      await server.close();
      engine?.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** An engine for the API alone, which captures nothing of its own. */
function apiEngine(ruleFile: string, hub: OutputHub, log: string[]): ApiEngine {
  return new ApiEngine({
    input: () => ({
      files: [{ name: "rules.yaml", content: ruleFile }],
      additions: [],
      selections: [],
      priority: "Debug",
      firstOnly: true,
      staticFields: {},
      sources: ["syscall"],
    }),
    document: RULES_FILE,
    hostname: "test",
    onAlert: (alert) => hub.publish(alert),
    onRules: () => Promise.resolve(),
    onFailure: (source, error) => void log.push(`error: ${source}: ${error}`),
  });
}

/** An alert of about 500 bytes on the wire, numbered in its field `n`. */
export function sampleAlert(n: number): Alert {
  return {
    time: BigInt(Date.now()) * 1_000_000n,
    rule: "Terminal shell in container",
    priority: "Notice",
    source: "syscall",
    hostname: "node-1",
    message: `A shell was spawned in a container with an attached terminal (n=${n} user=root shell=bash parent=runc)`,
    tags: ["container", "mitre_execution", "shell"],
    fields: {
      "container.id": "3ad7b26ded6d",
      "container.image.repository": "docker.io/library/nginx",
      "evt.time": 1_700_000_000_000_000_000n,
      n,
      "proc.cmdline": "bash -i",
      "user.name": "root",
    },
  };
}

/** Resolves when the condition holds; rejects with its text after a minute. */
export async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 60_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`Never true: ${condition}`);
    await Bun.sleep(5);
  }
}

/** The first `count` items of a stream. */
export async function take<T>(stream: AsyncIterable<T>, count: number): Promise<T[]> {
  const items: T[] = [];
  for await (const item of stream) if (items.push(item) >= count) break;
  return items;
}

/**
 * What a promise that has to fail fails with. Not `expect(…).rejects`: that holds the event loop, on which the
 * server of this process has its work to do.
 */
export async function failure(promise: Promise<unknown>): Promise<Error> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (outcome instanceof Error) return outcome;
  throw new Error(`Did not fail, or not with an error: ${outcome}`);
}
