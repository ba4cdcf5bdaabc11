import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endWithTests } from "./children.ts";

const START_TIMEOUT_MS = 60_000;

/**
 * A Kubernetes control plane as small as one can be: etcd and kube-apiserver, with nothing that would
 * run pods. What is applied to it is checked, admitted and stored as in any cluster.
 */
export class ApiServer {
  readonly directory: string;
  readonly #children: Bun.Subprocess[] = [];

  private constructor() {
    this.directory = mkdtempSync(join(tmpdir(), "falco-api-server-"));
  }

  /** The server, ready to use; or, as a string, the reason why there can be none here. */
  static async start(): Promise<ApiServer | string> {
    for (const program of ["etcd", "kube-apiserver", "kubectl", "openssl"]) {
      if (!Bun.which(program)) return `${program} is not installed`;
    }
    const server = new ApiServer();
    const [client, peer, port] = await freePorts(3);
    server.#run("etcd", [
      `--data-dir=${server.#at("etcd")}`,
      `--listen-client-urls=http://127.0.0.1:${client}`,
      `--advertise-client-urls=http://127.0.0.1:${client}`,
      `--listen-peer-urls=http://127.0.0.1:${peer}`,
    ]);
    Bun.spawnSync(["openssl", "genrsa", "-out", server.#at("sa.key"), "2048"], { stderr: "ignore" });
    writeFileSync(server.#at("tokens.csv"), "secret,admin,1,system:masters\n");
    server.#run("kube-apiserver", [
      `--etcd-servers=http://127.0.0.1:${client}`,
      `--service-account-key-file=${server.#at("sa.key")}`,
      `--service-account-signing-key-file=${server.#at("sa.key")}`,
      "--service-account-issuer=https://kubernetes.default.svc",
      "--service-cluster-ip-range=10.0.0.0/24",
      "--bind-address=127.0.0.1",
      `--secure-port=${port}`,
      `--cert-dir=${server.#at("certificates")}`,
      `--token-auth-file=${server.#at("tokens.csv")}`,
      "--disable-admission-plugins=ServiceAccount",
    ]);
    const cluster = { server: `https://127.0.0.1:${port}`, "insecure-skip-tls-verify": true };
    const config = {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "c", cluster }],
      users: [{ name: "u", user: { token: "secret" } }],
      contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
      "current-context": "x",
    };
    writeFileSync(server.#at("kubeconfig"), JSON.stringify(config));
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (Date.now() < deadline) {
      if ((await server.kubectl(["get", "namespace", "default"])).code === 0) return server;
      await Bun.sleep(250);
    }
    const said = readFileSync(server.#at("kube-apiserver.log"), "utf8").trimEnd().split("\n").at(-1) ?? "";
    await server.stop();
    return `kube-apiserver does not start here: ${said}`;
  }

  #at(name: string): string {
    return join(this.directory, name);
  }

  #run(program: string, words: readonly string[]): void {
    const log = Bun.file(this.#at(`${program}.log`));
    const child = Bun.spawn([program, ...words], { stdin: "ignore", stdout: log, stderr: log });
    this.#children.push(endWithTests(child));
  }

  /** Runs kubectl against this server, with text for its standard input. */
  async kubectl(
    words: readonly string[],
    input = "",
  ): Promise<{ code: number; stdout: string; stderr: string }> {
    const child = Bun.spawn(["kubectl", "--kubeconfig", this.#at("kubeconfig"), ...words], {
      stdin: new Blob([input]),
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    return { code: await child.exited, stdout, stderr };
  }

  async stop(): Promise<void> {
    for (const child of this.#children.reverse()) {
      child.kill("SIGKILL");
      await child.exited;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}
