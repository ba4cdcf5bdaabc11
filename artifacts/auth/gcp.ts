import { createSign } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { FalcoError } from "../../core/errors.ts";
import type { Credential } from "../oci/authorize.ts";
import { type HttpOptions, httpDefaults, send } from "../oci/http.ts";
import { accessToken } from "./client-credentials.ts";

const scope = "https://www.googleapis.com/auth/cloud-platform";
const googleTokens = "https://oauth2.googleapis.com/token";

interface CredentialsFile {
  readonly type?: string;
  readonly client_email?: string;
  readonly private_key?: string;
  readonly private_key_id?: string;
  readonly token_uri?: string;
  readonly client_id?: string;
  readonly client_secret?: string;
  readonly refresh_token?: string;
}

/**
 * An access token by Google's Application Default Credentials: the file of GOOGLE_APPLICATION_CREDENTIALS, the one that
 * gcloud keeps, or the metadata server of the machine (GCE_METADATA_HOST), which also serves Workload Identity.
 */
export async function gcpToken(
  env: NodeJS.ProcessEnv = process.env,
  http: HttpOptions = httpDefaults,
): Promise<string> {
  const gcloud = join(env["HOME"] ?? homedir(), ".config", "gcloud", "application_default_credentials.json");
  const chosen = env["GOOGLE_APPLICATION_CREDENTIALS"];
  const path = chosen || (existsSync(gcloud) ? gcloud : undefined);
  return path
    ? fileToken(path, http)
    : metadataToken(env["GCE_METADATA_HOST"] ?? "metadata.google.internal", http);
}

/** The token as Google's registries take it in basic authentication. */
export const gcpCredential = async (env?: NodeJS.ProcessEnv, http?: HttpOptions): Promise<Credential> => ({
  username: "oauth2accesstoken",
  password: await gcpToken(env, http),
});

async function metadataToken(host: string, http: HttpOptions): Promise<string> {
  const url = new URL(`http://${host}/computeMetadata/v1/instance/service-accounts/default/token`);
  // A link-local service without TLS, by Google's design; off Google it is not there, so one try is enough.
  const options = { ...http, plainHttp: true, attempts: 1, headersMs: 5000 };
  const response = await send({ method: "GET", url, headers: { "metadata-flavor": "Google" } }, options);
  return accessToken(response, url, options);
}

async function fileToken(path: string, http: HttpOptions): Promise<string> {
  let file: CredentialsFile;
  try {
    file = JSON.parse(readFileSync(path, "utf8")) as CredentialsFile;
  } catch {
    // The parser's message could quote the file, which holds secrets.
    throw new FalcoError(
      "CREDENTIALS",
      `Cannot read Google credentials from ${path}: missing, unreadable or not valid JSON`,
    );
  }
  const form = grantOf(file, path);
  const url = new URL(file.token_uri ?? googleTokens);
  const options = { ...http, plainHttp: url.hostname === "127.0.0.1" || url.hostname === "localhost" };
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const response = await send(
    { method: "POST", url, headers, body: new URLSearchParams(form).toString() },
    options,
  );
  return accessToken(response, url, options);
}

function grantOf(file: CredentialsFile, path: string): Record<string, string> {
  if (file.type === "authorized_user" && file.refresh_token) {
    return {
      grant_type: "refresh_token",
      client_id: file.client_id ?? "",
      client_secret: file.client_secret ?? "",
      refresh_token: file.refresh_token,
    };
  }
  if (file.type === "service_account" && file.client_email && file.private_key) {
    return { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion: assertion(file) };
  }
  throw new FalcoError(
    "CREDENTIALS",
    `Cannot use Google credentials of ${path}: type "${file.type}" is not supported`,
    {
      hint: "use a service account's key, gcloud's application-default login, or Workload Identity",
    },
  );
}

/** A signed JWT that a service account exchanges for a token (RFC 7523). */
function assertion({ client_email, private_key, private_key_id, token_uri }: CredentialsFile): string {
  const now = Math.floor(Date.now() / 1000);
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const head = part({ alg: "RS256", typ: "JWT", ...(private_key_id && { kid: private_key_id }) });
  const claims = part({
    iss: client_email,
    scope,
    aud: token_uri ?? googleTokens,
    iat: now,
    exp: now + 3600,
  });
  const signature = createSign("RSA-SHA256")
    .update(`${head}.${claims}`)
    .sign(private_key ?? "", "base64url");
  return `${head}.${claims}.${signature}`;
}
