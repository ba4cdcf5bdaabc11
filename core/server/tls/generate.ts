import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { FalcoError, reasonOf } from "../../errors.ts";
import { createAuthority } from "./authority.ts";

export interface GenerateOptions {
  readonly directory: string;
  /** DNS names and addresses that clients will use for the server, besides this machine's and localhost. */
  readonly hosts?: readonly string[];
  /** Names of the clients; `client` when absent. */
  readonly clients?: readonly string[];
  readonly days?: number;
  /** Replace files that are there. */
  readonly force?: boolean;
}

/** An authority outlives what it issues. */
const AUTHORITY_DAYS = 3650;
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$/;

/**
 * Writes a certificate authority, a server's and clients' certificates into a directory: `ca.crt`,
 * `server.crt`, `NAME.crt` and their `.key`, keys with mode 0600. Returns the paths. Throws TLS_GENERATE,
 * having written nothing, when a name is unfit or a file is there already.
 */
export async function generateCertificates(options: GenerateOptions): Promise<string[]> {
  const { directory, days = 365, clients = ["client"] } = options;
  const refuse = (why: string, hint?: string) =>
    new FalcoError("TLS_GENERATE", `Cannot make certificates: ${why}`, hint === undefined ? {} : { hint });
  if (!Number.isInteger(days) || days < 1 || days > AUTHORITY_DAYS) {
    throw refuse(`they can't be valid for ${days} days`, `use 1 to ${AUTHORITY_DAYS}`);
  }
  for (const name of clients) {
    if (!NAME.test(name) || name === "ca" || name === "server") throw refuse(`"${name}" can't name a client`);
  }
  const hosts = [...new Set([...(options.hosts ?? []), hostname(), "localhost", "127.0.0.1", "::1"])];
  const authority = await createAuthority("falco CA", AUTHORITY_DAYS);
  const identities = new Map([
    ["ca", authority],
    ["server", await authority.server("falco", hosts, days)],
  ] as [string, { cert: string; key: string }][]);
  for (const name of clients) identities.set(name, await authority.client(name, days));
  const files = [...identities].flatMap(([name, { cert, key }]) => [
    { path: join(directory, `${name}.crt`), text: cert, mode: 0o644 },
    { path: join(directory, `${name}.key`), text: key, mode: 0o600 },
  ]);
  const there = files.find(({ path }) => existsSync(path));
  if (there && !options.force)
    throw refuse(`"${there.path}" exists`, "use another directory, or --force to replace");
  try {
    mkdirSync(directory, { recursive: true, mode: 0o755 });
    for (const { path, text, mode } of files) {
      // A new file, so that it never has the mode, or the readers, of an old one.
      rmSync(path, { force: true });
      writeFileSync(path, text, { mode, flag: "wx" });
    }
  } catch (cause) {
    throw new FalcoError("TLS_GENERATE", `Cannot write certificates: ${reasonOf(cause)}`, { cause });
  }
  return files.map(({ path }) => path);
}
