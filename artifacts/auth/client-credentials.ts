import { existsSync, readFileSync } from "node:fs";
import { FalcoError } from "../../core/errors.ts";
import { writeAtomically } from "../files/write-atomically.ts";
import { readBody } from "../oci/body.ts";
import { type HttpOptions, httpDefaults, send, shownUrl } from "../oci/http.ts";

/** An OAuth 2.0 client of one registry (RFC 6749, 4.4). */
export interface OauthClient {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly tokenUrl: string;
  readonly scopes: readonly string[];
}

/** As the existing tool writes it: the field names are those of Go's oauth2 package. */
interface Stored {
  readonly ClientID?: string;
  readonly ClientSecret?: string;
  readonly TokenURL?: string;
  readonly Scopes?: readonly string[] | null;
}

function readAll(path: string): Record<string, Stored> {
  if (!existsSync(path)) return {};
  try {
    return (JSON.parse(readFileSync(path, "utf8")) ?? {}) as Record<string, Stored>;
  } catch {
    // The parser's message could quote the file, which holds secrets.
    throw new FalcoError("CREDENTIALS", `Cannot read client credentials from ${path}: it is not valid JSON`);
  }
}

/** The OAuth client stored for a registry by `registry auth oauth`. */
export function readClient(path: string, registry: string): OauthClient | undefined {
  const stored = readAll(path)[registry];
  if (!stored?.ClientID || !stored.TokenURL) return undefined;
  return {
    clientId: stored.ClientID,
    clientSecret: stored.ClientSecret ?? "",
    tokenUrl: stored.TokenURL,
    scopes: stored.Scopes ?? [],
  };
}

export async function storeClient(path: string, registry: string, client: OauthClient): Promise<void> {
  const entry = {
    ClientID: client.clientId,
    ClientSecret: client.clientSecret,
    TokenURL: client.tokenUrl,
    Scopes: client.scopes.length > 0 ? client.scopes : null,
    EndpointParams: null,
    AuthStyle: 0,
  };
  await writeAtomically(path, JSON.stringify({ ...readAll(path), [registry]: entry }), 0o600);
}

/** Forgets a registry's client; says whether there was one. */
export async function eraseClient(path: string, registry: string): Promise<boolean> {
  const { [registry]: gone, ...rest } = readAll(path);
  if (gone) await writeAtomically(path, JSON.stringify(rest), 0o600);
  return gone !== undefined;
}

/** Gets an access token with the client-credentials grant. The id and secret go in the header, or else in the form. */
export async function clientToken(client: OauthClient, options: HttpOptions = httpDefaults): Promise<string> {
  const url = parseTokenUrl(client.tokenUrl);
  // The token URL is the user's own choice: http there is as deliberate as a flag.
  const http = { ...options, plainHttp: options.plainHttp || url.protocol === "http:" };
  const form = {
    grant_type: "client_credentials",
    ...(client.scopes.length > 0 && { scope: client.scopes.join(" ") }),
  };
  const basic = Buffer.from(
    `${encodeURIComponent(client.clientId)}:${encodeURIComponent(client.clientSecret)}`,
  );
  const inHeader = { authorization: "Basic " + basic.toString("base64") };
  const inForm = { client_id: client.clientId, client_secret: client.clientSecret };
  const post = (headers: Record<string, string>, body: Record<string, string>): Promise<Response> =>
    send(
      {
        method: "POST",
        url,
        headers: {
          ...headers,
          "content-type": "application/x-www-form-urlencoded",
          accept: "application/json",
        },
        body: new URLSearchParams(body).toString(),
      },
      http,
    );
  let response = await post(inHeader, form);
  if (response.status === 400 || response.status === 401) response = await post({}, { ...form, ...inForm });
  return accessToken(response, url, http);
}

/** The `access_token` of a token endpoint's answer. */
export async function accessToken(response: Response, url: URL, http: HttpOptions): Promise<string> {
  const body = await readBody(response, 1 << 20, http.stallMs, `the token from ${shownUrl(url)}`);
  if (!response.ok) {
    throw new FalcoError("OCI_AUTH", `Cannot get a token from ${shownUrl(url)}: status ${response.status}`, {
      hint: "check the client's id and secret",
    });
  }
  let token: unknown;
  try {
    token = (JSON.parse(new TextDecoder().decode(body)) as { access_token?: unknown } | null)?.access_token;
  } catch {
    token = undefined;
  }
  if (typeof token === "string" && /^[\x21-\x7e]+$/.test(token)) return token;
  throw new FalcoError("OCI_AUTH", `Cannot get a token from ${shownUrl(url)}: the answer has none`);
}

function parseTokenUrl(text: string): URL {
  try {
    return new URL(text);
  } catch (error) {
    throw new FalcoError("OCI_AUTH", `Cannot get a token: "${text.slice(0, 100)}" is not a URL`, {
      cause: error,
    });
  }
}
