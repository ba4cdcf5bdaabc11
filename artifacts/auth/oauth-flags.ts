import { FalcoError } from "../../core/errors.ts";
import type { OauthClient } from "./client-credentials.ts";
import { readSecret } from "./read-secret.ts";

export interface OauthFlags {
  readonly "client-id": string | undefined;
  readonly "client-secret": string | undefined;
  readonly "token-url": string | undefined;
  readonly scopes: readonly string[];
}

/** An OAuth client from flags; the secret from standard input or a terminal when no flag gives it. */
export async function oauthClient(flags: OauthFlags): Promise<OauthClient> {
  const needed = (name: "client-id" | "token-url"): string => {
    const value = flags[name];
    if (value) return value;
    throw new FalcoError("USAGE", `Cannot log in: --${name} is missing`);
  };
  return {
    clientId: needed("client-id"),
    tokenUrl: needed("token-url"),
    clientSecret: flags["client-secret"] ?? (await readSecret("Client secret")),
    scopes: flags.scopes.flatMap((item) => item.split(",")).filter(Boolean),
  };
}
