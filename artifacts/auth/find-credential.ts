import type { Credential, CredentialSource } from "../oci/authorize.ts";
import type { Settings } from "../settings/keys.ts";
import { type Paths, userPaths } from "../settings/paths.ts";
import { clientToken, type OauthClient, readClient } from "./client-credentials.ts";
import { dockerConfigPath, readCredential } from "./docker-config.ts";
import { gcpCredential } from "./gcp.ts";

/** The credential store that is written to: the configured one, or the user's own. */
export const storePath = (settings: Settings, paths: Paths = userPaths()): string =>
  settings.credentialsFile ?? paths.credentials;

/**
 * Looks for a registry's credential in order: basic credentials of the configuration, falcoctl's store, docker's store,
 * OAuth clients, Google's own credentials where configured. The first one found is used.
 */
export function credentialSource(settings: Settings, paths: Paths = userPaths()): CredentialSource {
  return async (registry) => {
    const basic = settings.basicAuths?.find((item) => hostOf(item["registry"]) === registry);
    if (basic) return { username: basic["user"] ?? "", password: basic["password"] ?? "" };
    for (const path of new Set([storePath(settings, paths), dockerConfigPath()])) {
      const found = await readCredential(path, registry);
      if (found) return found;
    }
    const client = oauthClient(settings, registry) ?? readClient(paths.clientCredentials, registry);
    if (client) return { bearer: await clientToken(client) } satisfies Credential;
    if (settings.gcpAuths?.some((item) => item["registry"] === registry)) return gcpCredential();
    return undefined;
  };
}

/** A registry may be configured as a whole reference: its host counts. */
const hostOf = (text: string | undefined): string => (text ?? "").split("/")[0]!;

function oauthClient(settings: Settings, registry: string): OauthClient | undefined {
  const item = settings.oauthAuths?.find((entry) => entry["registry"] === registry);
  return (
    item && {
      clientId: item["clientId"] ?? "",
      clientSecret: item["clientSecret"] ?? "",
      tokenUrl: item["tokenUrl"] ?? "",
      scopes: [],
    }
  );
}
