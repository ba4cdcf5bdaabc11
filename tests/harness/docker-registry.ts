import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCertificates } from "./certificates.ts";
import { endWithTests } from "./children.ts";
import { eventually, freePort } from "./programs.ts";

export interface DockerRegistry {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** The authority that signed its certificate, as PEM, when it speaks TLS. */
  readonly ca: string | undefined;
  readonly caFile: string | undefined;
  stop(): Promise<void>;
}

export interface DockerRegistryOptions {
  readonly tls?: boolean;
  /** Demands basic authentication as this user (the file is made with htpasswd of apache2-utils). */
  readonly user?: { readonly name: string; readonly password: string };
}

/** Why the real registry can't be started here, or undefined when it can. */
export function registryMissing(): string | undefined {
  if (!Bun.which("docker-registry")) return "docker-registry is not installed";
  if (!Bun.which("htpasswd")) return "htpasswd (apache2-utils) is not installed";
  if (!Bun.which("openssl")) return "openssl is not installed";
  return undefined;
}

/** Starts Debian's docker-registry on a free port, with its data in a directory of its own. */
export async function startDockerRegistry(options: DockerRegistryOptions = {}): Promise<DockerRegistry> {
  const dir = mkdtempSync(join(tmpdir(), "falco-registry-"));
  const host = `127.0.0.1:${await freePort()}`;
  const file = (name: string, text: string): string => {
    const path = join(dir, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const lines = [
    "version: 0.1",
    "log: {level: error, accesslog: {disabled: true}}",
    `storage: {filesystem: {rootdirectory: ${join(dir, "data")}}, delete: {enabled: true}}`,
  ];
  let http = `addr: ${host}`;
  const certificates = options.tls ? makeCertificates() : undefined;
  const caFile = certificates && file("ca.pem", certificates.ca);
  if (certificates) {
    http += `, tls: {certificate: ${file("cert.pem", certificates.cert)}, key: ${file("key.pem", certificates.key)}}`;
  }
  lines.push(`http: {${http}}`);
  if (options.user) {
    const { name, password } = options.user;
    const made = Bun.spawnSync(["htpasswd", "-Bbn", name, password]);
    lines.push(`auth: {htpasswd: {realm: test, path: ${file("htpasswd", made.stdout.toString())}}}`);
  }
  const config = file("config.yml", lines.join("\n") + "\n");
  const server = endWithTests(
    Bun.spawn(["docker-registry", "serve", config], { stdout: "ignore", stderr: "ignore" }),
  );
  const url = `${options.tls ? "https" : "http"}://${host}/v2/`;
  const answers = (): Promise<boolean> =>
    fetch(url, certificates ? { tls: { ca: certificates.ca } } : {}).then(
      () => true,
      () => server.exitCode !== null,
    );
  if (!(await eventually(answers)) || server.exitCode !== null)
    throw new Error(`docker-registry did not start (${config})`);
  return {
    host,
    ca: certificates?.ca,
    caFile,
    stop: async () => {
      server.kill();
      await server.exited;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
