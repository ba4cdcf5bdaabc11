import { readFile, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { FalcoError, reasonOf } from "../../core/errors.ts";
import { gcpToken } from "../auth/gcp.ts";
import type { Credential, CredentialSource } from "../oci/authorize.ts";
import { discard, readBody } from "../oci/body.ts";
import { type HttpOptions, httpDefaults, send, shownUrl } from "../oci/http.ts";
import { maxIndexBytes, tooLarge } from "./parse-index.ts";

export const backends = ["https", "http", "file", "s3", "gcs"] as const;
export type Backend = (typeof backends)[number];

/** What tells the server which version is held already (RFC 9110, 13). */
export interface Validators {
  readonly etag?: string;
  readonly lastModified?: string;
}

export interface FetchedIndex extends Validators {
  readonly text: string;
}

export interface FetchIndexOptions {
  readonly credentials?: CredentialSource;
  readonly http?: Partial<HttpOptions>;
  readonly env?: NodeJS.ProcessEnv;
}

const awsVariables = {
  accessKeyId: ["AWS_ACCESS_KEY_ID"],
  secretAccessKey: ["AWS_SECRET_ACCESS_KEY"],
  sessionToken: ["AWS_SESSION_TOKEN"],
  region: ["AWS_REGION", "AWS_DEFAULT_REGION"],
  endpoint: ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"],
} as const;

/** The backend that a URL's scheme means; a bare path is a file. */
export function backendOf(url: string): Backend {
  const scheme = /^([a-z0-9]+):\/\//i.exec(url)?.[1]?.toLowerCase() ?? "file";
  const backend = scheme === "gs" ? "gcs" : scheme;
  if ((backends as readonly string[]).includes(backend)) return backend as Backend;
  throw new FalcoError(
    "INDEX",
    `Cannot use index URL "${shownIndexUrl(url.slice(0, 200))}": unknown scheme "${scheme}"`,
    {
      hint: `use one of ${backends.join(", ")}`,
    },
  );
}

/** Fetches an index file. Undefined when the server says that the version held is still the current one. */
export async function fetchIndex(
  url: string,
  backend: Backend,
  held: Validators = {},
  options: FetchIndexOptions = {},
): Promise<FetchedIndex | undefined> {
  switch (backend) {
    case "file":
      return { text: await readLocal(url) };
    case "s3":
      return { text: await readS3(url, options.env ?? process.env) };
    case "gcs":
      return fetchGcs(url, held, options);
    default:
      return fetchHttp(parseUrl(url), held, options);
  }
}

async function readLocal(url: string): Promise<string> {
  try {
    const path = url.startsWith("file://") ? fileURLToPath(url) : url;
    if ((await stat(path)).size > maxIndexBytes) throw tooLarge(path);
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof FalcoError) throw error;
    throw new FalcoError("INDEX", `Cannot read index ${url}: ${reasonOf(error)}`, { cause: error });
  }
}

/** With the runtime's own S3 client; keys, region and endpoint come from the AWS_* variables. */
async function readS3(url: string, env: NodeJS.ProcessEnv): Promise<string> {
  const { hostname: bucket, pathname } = parseUrl(url);
  const options = Object.entries(awsVariables).flatMap(([option, names]) => {
    const value = names.map((name) => env[name]).find(Boolean);
    return value ? [[option, value]] : [];
  });
  try {
    const file = new Bun.S3Client({ bucket, ...Object.fromEntries(options) }).file(pathname.slice(1));
    if ((await file.stat()).size > maxIndexBytes) throw tooLarge(url);
    return await file.text();
  } catch (error) {
    if (error instanceof FalcoError) throw error;
    throw new FalcoError("INDEX", `Cannot read index ${url}: ${reasonOf(error)}`, {
      hint: "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and the bucket's name",
      cause: error,
    });
  }
}

function fetchGcs(
  url: string,
  held: Validators,
  options: FetchIndexOptions,
): Promise<FetchedIndex | undefined> {
  const { hostname: bucket, pathname } = parseUrl(url);
  const host = options.env?.["STORAGE_EMULATOR_HOST"] ?? process.env["STORAGE_EMULATOR_HOST"];
  const base = host ? (host.includes("://") ? host : `http://${host}`) : "https://storage.googleapis.com";
  const object = new URL(
    `${base}/storage/v1/b/${bucket}/o/${encodeURIComponent(pathname.slice(1))}?alt=media`,
  );
  const credentials = async (): Promise<Credential> => ({ bearer: await gcpToken(options.env) });
  return fetchHttp(object, held, host ? options : { ...options, credentials });
}

async function fetchHttp(
  url: URL,
  held: Validators,
  options: FetchIndexOptions,
): Promise<FetchedIndex | undefined> {
  const http = { ...httpDefaults, ...options.http, plainHttp: url.protocol === "http:" };
  const inUrl = url.username !== "";
  const credential = inUrl
    ? { username: decodeURIComponent(url.username), password: decodeURIComponent(url.password) }
    : await options.credentials?.(url.host);
  const bare = new URL(url);
  bare.username = "";
  bare.password = "";
  const headers = {
    ...(held.etag && { "if-none-match": held.etag }),
    ...(held.lastModified && { "if-modified-since": held.lastModified }),
    ...(credential && { authorization: authorization(credential) }),
  };
  const response = await send({ method: "GET", url: bare, headers }, http);
  const shown = shownUrl(bare);
  if (response.status === 304) {
    discard(response);
    return undefined;
  }
  if (!response.ok) {
    discard(response);
    const denied = response.status === 401 || response.status === 403;
    const hint = `store credentials for it with "falco registry auth basic ${url.host}" or "falco index add --username"`;
    throw new FalcoError(
      "INDEX",
      `Cannot fetch index ${shown}: status ${response.status}`,
      denied ? { hint } : {},
    );
  }
  const bytes = await readBody(response, maxIndexBytes, http.stallMs, `index ${shown}`);
  const etag = response.headers.get("etag");
  const lastModified = response.headers.get("last-modified");
  return {
    text: new TextDecoder().decode(bytes),
    ...(etag && { etag }),
    ...(lastModified && { lastModified }),
  };
}

const authorization = ({ bearer, identityToken, username, password }: Credential): string =>
  (bearer ?? identityToken)
    ? `Bearer ${bearer ?? identityToken}`
    : "Basic " + Buffer.from(`${username ?? ""}:${password ?? ""}`).toString("base64");

function parseUrl(text: string): URL {
  try {
    return new URL(text);
  } catch (error) {
    throw new FalcoError("INDEX", `Cannot use index URL "${text.slice(0, 200)}": not a URL`, {
      cause: error,
    });
  }
}

/** An index's URL fit for tables and messages: a password in it is not shown. */
export function shownIndexUrl(text: string): string {
  if (!URL.canParse(text)) return text;
  const url = new URL(text);
  if (!url.password) return text;
  url.password = "***";
  return url.toString();
}
