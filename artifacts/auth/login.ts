import { FalcoError } from "../../core/errors.ts";
import type { Credential } from "../oci/authorize.ts";
import { isRegistryHost } from "../oci/reference.ts";
import { RegistryClient, type RegistryOptions } from "../oci/registry-client.ts";
import { updateConfigFile } from "../settings/config-file.ts";
import type { Settings } from "../settings/keys.ts";
import { type Paths, userPaths } from "../settings/paths.ts";
import { clientToken, eraseClient, type OauthClient, storeClient } from "./client-credentials.ts";
import { eraseCredential, storeCredential } from "./docker-config.ts";
import { storePath } from "./find-credential.ts";
import { gcpToken } from "./gcp.ts";

/** The registry's host out of what a person typed, which may be a whole reference. */
export function registryHost(text: string): string {
  const host = text.split("/")[0]!;
  if (isRegistryHost(host)) return host;
  throw new FalcoError("USAGE", `Cannot log in to "${text.slice(0, 100)}": not a registry's host`, {
    hint: "write, for example, ghcr.io or localhost:5000",
  });
}

/** Tries a user name and password at the registry and stores them when it takes them. Returns the store's path. */
export async function loginBasic(
  registry: string,
  credential: Credential,
  settings: Settings,
  options: RegistryOptions = {},
): Promise<string> {
  await new RegistryClient(registry, { ...options, credentials: async () => credential }).ping();
  const path = storePath(settings);
  await storeCredential(path, registry, credential);
  return path;
}

/** Tries an OAuth client at its token URL and stores it when that gives a token. Returns the file's path. */
export async function loginOauth(
  registry: string,
  client: OauthClient,
  paths: Paths = userPaths(),
): Promise<string> {
  await clientToken(client);
  await storeClient(paths.clientCredentials, registry, client);
  return paths.clientCredentials;
}

/** Tries Google's credentials and notes in the configuration file that they are to be used for the registry. */
export async function loginGcp(registry: string, settings: Settings, configPath: string): Promise<void> {
  await gcpToken();
  const known = (settings.gcpAuths ?? []).map((item) => ({ registry: item["registry"] ?? "" }));
  if (known.some((item) => item.registry === registry)) return;
  await updateConfigFile(configPath, ["registry", "auth", "gcp"], [...known, { registry }]);
}

/** Forgets what is stored for a registry; says whether there was anything. */
export async function logout(
  registry: string,
  settings: Settings,
  paths: Paths = userPaths(),
): Promise<boolean> {
  const basic = await eraseCredential(storePath(settings, paths), registry);
  const client = await eraseClient(paths.clientCredentials, registry);
  return basic || client;
}
