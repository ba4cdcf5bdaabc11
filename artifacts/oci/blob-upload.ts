import { FalcoError, reasonOf } from "../../core/errors.ts";
import type { TransferOptions } from "./blob-download.ts";
import { discard } from "./body.ts";
import type { Descriptor } from "./manifest.ts";
import type { RegistryClient } from "./registry-client.ts";
import { backoff } from "./retry.ts";

export interface UploadOptions extends TransferOptions {
  /** Another repository of the registry that may have the blob, to mount it from. */
  readonly mountFrom?: string;
  /** Blobs above this size, in bytes, go up in chunks of it; a cut then costs one chunk at most. */
  readonly chunkSize?: number;
}

const defaultChunk = 16 << 20;
const octets = { "content-type": "application/octet-stream" };

/**
 * Uploads a blob unless the registry has it: mounted from another repository where possible, in one piece when small,
 * in resumed chunks when large (distribution spec, "Pushing blobs"). Memory use is one chunk.
 */
export async function uploadBlob(
  client: RegistryClient,
  repository: string,
  blob: Descriptor,
  content: Blob,
  options: UploadOptions = {},
): Promise<"present" | "mounted" | "uploaded"> {
  const what = `Cannot upload blob ${blob.digest} to ${client.registry}/${repository}`;
  if (await blobExists(client, repository, blob.digest)) return "present";
  for (let failures = 1; ; failures++) {
    const started = await begin(client, repository, blob, options.mountFrom, what);
    if (started === "mounted") return "mounted";
    try {
      const chunk = Math.max(options.chunkSize ?? defaultChunk, started.minChunk);
      const chunked = content.size > chunk;
      const location = chunked
        ? await sendChunks(client, repository, content, chunk, started.location, options, what)
        : started.location;
      await finish(client, repository, blob, location, chunked ? new Blob([]) : content, what);
      options.onProgress?.(content.size, content.size);
      return "uploaded";
    } catch (error) {
      // A broken upload can't be told apart from a half-stored one: the next attempt opens a new session.
      const network = error instanceof FalcoError && ["OCI_NETWORK", "OCI_UPLOAD"].includes(error.code);
      if (!network || failures >= client.http.attempts || client.http.signal?.aborted) throw error;
      client.http.onRetry?.(`upload of ${blob.digest}: ${reasonOf(error)}`);
      await backoff(failures, client.http, null, client.http.signal);
    }
  }
}

async function blobExists(client: RegistryClient, repository: string, digest: string): Promise<boolean> {
  const response = await client.request(`${repository}/blobs/${digest}`, pushScope(repository), {
    method: "HEAD",
  });
  discard(response);
  if (response.ok) return true;
  if (response.status === 404) return false;
  throw await client.refusal(response, `Cannot look for blob ${digest} in ${client.registry}/${repository}`);
}

const pushScope = (repository: string): string => `repository:${repository}:pull,push`;

async function begin(
  client: RegistryClient,
  repository: string,
  blob: Descriptor,
  from: string | undefined,
  what: string,
): Promise<"mounted" | { location: URL; minChunk: number }> {
  const query = from ? `?mount=${encodeURIComponent(blob.digest)}&from=${encodeURIComponent(from)}` : "";
  const scope = from ? `${pushScope(repository)} repository:${from}:pull` : pushScope(repository);
  const response = await client.request(`${repository}/blobs/uploads/${query}`, scope, {
    method: "POST",
    body: "",
  });
  discard(response);
  if (response.status === 201 && from) return "mounted";
  if (response.status !== 202) throw await client.refusal(response, what);
  const minimum = Number(response.headers.get("oci-chunk-min-length") ?? 0);
  return {
    location: locationOf(response, client, what),
    minChunk: Number.isSafeInteger(minimum) ? Math.min(minimum, 64 << 20) : 0,
  };
}

/** Sends all chunks and returns the session's last location. After a fault the registry is asked how far it got. */
async function sendChunks(
  client: RegistryClient,
  repository: string,
  content: Blob,
  chunkSize: number,
  start: URL,
  options: UploadOptions,
  what: string,
): Promise<URL> {
  let location = start;
  let failures = 0;
  for (let offset = 0; offset < content.size; ) {
    const body = content.slice(offset, Math.min(offset + chunkSize, content.size));
    const headers = { ...octets, "content-range": `${offset}-${offset + body.size - 1}` };
    let fault: unknown;
    try {
      const response = await client.request(location, pushScope(repository), {
        method: "PATCH",
        headers,
        body,
        once: true,
      });
      if (response.status === 202 || response.status === 204) {
        discard(response);
        location = locationOf(response, client, what);
        offset += body.size;
        failures = 0;
        options.onProgress?.(offset, content.size);
        continue;
      }
      fault = await client.refusal(response, what);
      if (response.status !== 416 && response.status !== 429 && response.status < 500) throw fault;
    } catch (error) {
      if (
        error === fault ||
        client.http.signal?.aborted ||
        (error as { code?: unknown }).code !== "OCI_NETWORK"
      )
        throw error;
      fault = error;
    }
    failures++;
    if (failures >= client.http.attempts) throw fault;
    client.http.onRetry?.(`upload chunk at ${offset}: ${reasonOf(fault)}`);
    await backoff(failures, client.http, null, client.http.signal);
    ({ location, offset } = await progressOf(client, repository, location, content.size, what, fault));
  }
  return location;
}

/** How many bytes of an upload the registry holds (`Range: 0-41` means 42). */
async function progressOf(
  client: RegistryClient,
  repository: string,
  location: URL,
  size: number,
  what: string,
  fault: unknown,
): Promise<{ location: URL; offset: number }> {
  const response = await client.request(location, pushScope(repository));
  discard(response);
  const range = /^(?:bytes=)?0-(\d{1,15})$/.exec(response.headers.get("range") ?? "");
  // An empty upload is reported as 0-0 by some registries, which others use for one byte: begin anew then.
  const offset = range ? Number(range[1]) + 1 : 0;
  if (response.status !== 204 || offset <= 1 || offset > size) {
    // The session is lost: what broke it is worth more to the reader than that.
    throw new FalcoError("OCI_UPLOAD", reasonOf(fault), { cause: fault });
  }
  return {
    location: response.headers.has("location") ? locationOf(response, client, what) : location,
    offset,
  };
}

/** Closes the session, sending `body`: everything, or nothing after chunks. The registry checks the digest. */
async function finish(
  client: RegistryClient,
  repository: string,
  blob: Descriptor,
  location: URL,
  body: Blob,
  what: string,
): Promise<void> {
  const url = new URL(location);
  url.searchParams.set("digest", blob.digest);
  const init = { method: "PUT", headers: octets, body, once: true };
  const response = await client.request(url, pushScope(repository), init);
  if (response.status === 201 || response.status === 204) return discard(response);
  const refusal = await client.refusal(response, what);
  if (response.status < 500 && response.status !== 429) throw refusal;
  throw new FalcoError("OCI_UPLOAD", refusal.message, { cause: refusal });
}

/** The next URL of an upload session. Registries behind a TLS proxy may say http where they mean their own https. */
function locationOf(response: Response, client: RegistryClient, what: string): URL {
  const text = response.headers.get("location");
  if (!text) throw new FalcoError("OCI_HTTP", `${what}: the registry names no upload location`);
  try {
    const url = new URL(text, client.base);
    if (
      url.hostname === client.base.hostname &&
      client.base.protocol === "https:" &&
      url.protocol === "http:"
    ) {
      url.protocol = "https:";
      url.port = client.base.port;
    }
    return url;
  } catch (error) {
    throw new FalcoError("OCI_HTTP", `${what}: the registry's upload location is not a URL`, {
      cause: error,
    });
  }
}
