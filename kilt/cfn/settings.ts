import { gunzipSync } from "node:zlib";
import { FalcoError, reasonOf } from "../../core/errors.ts";
import { parseDefinition } from "../definition.ts";
import type { ImageConfigLookup } from "../target.ts";
import type { PatchOptions } from "./patch-template.ts";

const MAX_DEFINITION = 1 << 20;
const TIMEOUT_MS = 10_000;

type Env = Readonly<Record<string, string | undefined>>;

/** Where a definition is, by KILT_DEFINITION_TYPE; `_gz` and `+gz` say that it is compressed. */
const FETCHERS: Readonly<Record<string, (definition: string, env: Env) => Promise<Uint8Array>>> = {
  s3: fetchS3,
  http: fetchWeb,
  base64: async (definition) => decodeBase64(definition),
};

/**
 * The macro's settings from its environment (KILT_DEFINITION, KILT_DEFINITION_TYPE, KILT_OPT_IN, …).
 * Without KILT_DEFINITION the embedded definition is used by the caller. Throws a FalcoError that names
 * the variable when a definition cannot be had or read.
 */
export async function settingsFrom(env: Env, lookup?: ImageConfigLookup): Promise<PatchOptions> {
  const text = await definitionText(env);
  const definition = parseDefinition({ name: "KILT_DEFINITION", text }, env.KILT_RECIPE_CONFIG || "{}");
  return {
    definition,
    optIn: Boolean(env.KILT_OPT_IN),
    parameterizeEnv: env.KILT_PARAMETERIZE_ENVARS?.toLowerCase() === "true",
    env,
    ...(lookup && !env.KILT_DISABLE_REPO_HINTS ? { lookup } : {}),
    ...(env.KILT_LOG_GROUP ? { logGroup: env.KILT_LOG_GROUP } : {}),
    ...(env.KILT_IMAGE_AUTH_SECRET ? { imageAuthSecret: env.KILT_IMAGE_AUTH_SECRET } : {}),
  };
}

async function definitionText(env: Env): Promise<string> {
  const given = env.KILT_DEFINITION;
  const type = env.KILT_DEFINITION_TYPE ?? "";
  const [kind = "", packed] = type.split(/[_+]/);
  const fetcher = FETCHERS[kind];
  if (!given) throw new FalcoError("KILT_SETTINGS", "Cannot start macro: KILT_DEFINITION is not set");
  if (!fetcher || (packed !== undefined && (packed !== "gz" || kind === "http"))) {
    throw new FalcoError("KILT_SETTINGS", `Cannot start macro: unknown KILT_DEFINITION_TYPE "${type}"`, {
      hint: "use s3, s3_gz, http, base64 or base64_gz",
    });
  }
  try {
    const bytes = await fetcher(given, env);
    const plain = packed ? gunzipSync(bytes, { maxOutputLength: MAX_DEFINITION }) : bytes;
    return new TextDecoder("utf-8", { fatal: true }).decode(plain);
  } catch (error) {
    throw new FalcoError("KILT_SETTINGS", `Cannot read KILT_DEFINITION (${type}): ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

function decodeBase64(text: string): Uint8Array {
  if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(text)) throw new Error("it is not base64");
  return Buffer.from(text, "base64");
}

async function fetchWeb(url: string): Promise<Uint8Array> {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return bounded(response);
}

async function fetchS3(path: string, env: Env): Promise<Uint8Array> {
  const slash = path.indexOf("/");
  if (slash <= 0) throw new Error(`expected BUCKET/KEY, got "${path}"`);
  const endpoint = env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL;
  const client = new Bun.S3Client({
    bucket: path.slice(0, slash),
    ...(env.AWS_ACCESS_KEY_ID ? { accessKeyId: env.AWS_ACCESS_KEY_ID } : {}),
    ...(env.AWS_SECRET_ACCESS_KEY ? { secretAccessKey: env.AWS_SECRET_ACCESS_KEY } : {}),
    ...(env.AWS_SESSION_TOKEN ? { sessionToken: env.AWS_SESSION_TOKEN } : {}),
    ...(env.AWS_REGION ? { region: env.AWS_REGION } : {}),
    ...(endpoint ? { endpoint } : {}),
  });
  // Signed by the client, fetched here: so that size and time are bounded like those of any other source.
  const url = client.file(path.slice(slash + 1)).presign({ expiresIn: 60 });
  return fetchWeb(url);
}

/** The body of a response, refused as soon as it is longer than a definition may be. */
async function bounded(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > MAX_DEFINITION) throw new Error(`it is longer than ${MAX_DEFINITION} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
