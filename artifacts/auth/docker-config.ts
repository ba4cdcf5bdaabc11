import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { FalcoError, reasonOf } from "../../core/errors.ts";
import { writeAtomically } from "../files/write-atomically.ts";
import type { Credential, CredentialSource } from "../oci/authorize.ts";
import { eraseFromHelper, readFromHelper, storeInHelper } from "./credential-helper.ts";

interface StoredAuth {
  readonly auth?: string;
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

/** The parts of docker's config.json that concern credentials; everything else in the file is kept as it is. */
interface DockerConfig {
  readonly auths?: Readonly<Record<string, StoredAuth>>;
  readonly credsStore?: string;
  readonly credHelpers?: Readonly<Record<string, string>>;
}

/** Where docker itself keeps its configuration. */
export const dockerConfigPath = (env: NodeJS.ProcessEnv = process.env): string =>
  join(env["DOCKER_CONFIG"] ?? join(env["HOME"] ?? homedir(), ".docker"), "config.json");

/** Docker Hub is filed under a URL of its first registry. */
const keysOf = (registry: string): string[] => {
  const names =
    registry === "docker.io" ? ["https://index.docker.io/v1/", "index.docker.io", registry] : [registry];
  return names.flatMap((name) => [name, `https://${name}`, `http://${name}`, `https://${name}/`]);
};

function read(path: string): DockerConfig {
  if (!existsSync(path)) return {};
  try {
    const json: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof json !== "object" || json === null) throw new Error("not a JSON object");
    return json;
  } catch (error) {
    // The parser's message could quote the file, which holds secrets.
    const why = error instanceof SyntaxError ? "it is not valid JSON" : reasonOf(error);
    throw new FalcoError("CREDENTIALS", `Cannot read credentials from ${path}: ${why}`);
  }
}

/** The credential that a config.json holds for a registry, asking the helper it names. Undefined when it has none. */
export async function readCredential(path: string, registry: string): Promise<Credential | undefined> {
  const config = read(path);
  const keys = keysOf(registry);
  const helper = keys.map((key) => config.credHelpers?.[key]).find(Boolean) ?? config.credsStore;
  if (helper) {
    const found = await readFromHelper(helper, keys[0]!);
    if (found) return found;
  }
  const stored = keys
    .map((key) => config.auths?.[key])
    .find((entry) => entry && Object.keys(entry).length > 0);
  return stored && fromStored(stored, path, registry);
}

/** Finds credentials where docker keeps its own. */
export const dockerCredentials: CredentialSource = (registry) => readCredential(dockerConfigPath(), registry);

function fromStored(stored: StoredAuth, path: string, registry: string): Credential | undefined {
  if (stored.registrytoken) return { bearer: stored.registrytoken };
  let { username, password } = stored;
  if (stored.auth) {
    const plain = Buffer.from(stored.auth, "base64").toString("utf8").replace(/\0+$/, "");
    const colon = plain.indexOf(":");
    if (colon < 0)
      throw new FalcoError(
        "CREDENTIALS",
        `Cannot use the credential of ${registry} in ${path}: it is malformed`,
      );
    username = plain.slice(0, colon);
    password = plain.slice(colon + 1);
  }
  if (stored.identitytoken) return { identityToken: stored.identitytoken };
  return username === undefined ? undefined : { username, password: password ?? "" };
}

/** Stores a credential: in the helper that the file names for the registry, or else in the file, for its owner only. */
export async function storeCredential(path: string, registry: string, credential: Credential): Promise<void> {
  const config = read(path);
  const helper = config.credHelpers?.[registry] ?? config.credsStore;
  if (helper) return storeInHelper(helper, registry, credential);
  const auth = Buffer.from(`${credential.username ?? ""}:${credential.password ?? ""}`).toString("base64");
  const entry = credential.bearer ? { registrytoken: credential.bearer } : { auth };
  await write(path, { ...config, auths: { ...config.auths, [registry]: entry } });
}

/** Forgets a registry's credential; says whether there was one. */
export async function eraseCredential(path: string, registry: string): Promise<boolean> {
  const config = read(path);
  const helper = config.credHelpers?.[registry] ?? config.credsStore;
  const held = helper ? await eraseFromHelper(helper, registry) : false;
  const auths = Object.entries(config.auths ?? {});
  const kept = auths.filter(([key]) => !keysOf(registry).includes(key));
  if (kept.length === auths.length) return held;
  await write(path, { ...config, auths: Object.fromEntries(kept) });
  return true;
}

const write = (path: string, config: DockerConfig): Promise<void> =>
  writeAtomically(path, JSON.stringify(config, null, 2) + "\n", 0o600);
