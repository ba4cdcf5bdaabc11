import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { FalcoError, reasonOf } from "../../core/errors.ts";
import { bodyChunks, discard } from "./body.ts";
import { digestVerifier } from "./digest.ts";
import type { Descriptor } from "./manifest.ts";
import type { RegistryClient } from "./registry-client.ts";
import { backoff } from "./retry.ts";

/** Where a blob's bytes go, in order. `restart` empties it: the registry could not continue where it broke off. */
interface Sink {
  write(chunk: Uint8Array): Promise<void>;
  restart(): Promise<void>;
}

export interface TransferOptions {
  /** Told the bytes done so far and the whole size, in bytes. */
  readonly onProgress?: (done: number, size: number) => void;
}

/** An attempt that brought this many bytes counts as progress: only attempts without it use up the retries. */
const progressBytes = 16 * 1024;

/**
 * Downloads a blob into a file. The bytes gather in `FILE.partial`, which a later call continues; the file appears
 * under its name only when size and digest are right. Memory use does not depend on the blob's size.
 */
export async function downloadBlob(
  client: RegistryClient,
  repository: string,
  blob: Descriptor,
  file: string,
  options: TransferOptions = {},
): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const partial = file + ".partial";
  const handle = await open(partial, "a+", 0o600);
  try {
    let verifier = digestVerifier(blob.digest);
    let done = 0;
    if ((await handle.stat()).size > blob.size) await handle.truncate(0);
    for await (const chunk of Bun.file(partial).stream()) {
      verifier.update(chunk);
      done += chunk.length;
    }
    await transfer(client, repository, blob, done, options, {
      write: async (chunk) => {
        verifier.update(chunk);
        await handle.writeFile(chunk);
      },
      restart: async () => {
        verifier = digestVerifier(blob.digest);
        await handle.truncate(0);
      },
    });
    if (!verifier.matches()) throw wrongDigest(client, repository, blob);
  } catch (error) {
    // What can be continued stays; bytes that are known to be wrong do not.
    if (error instanceof FalcoError && error.code !== "OCI_NETWORK") await rm(partial, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
  await rename(partial, file);
}

/** A small blob's bytes, verified. Throws OCI_LIMIT when its descriptor announces more than `limit` bytes. */
export async function readBlob(
  client: RegistryClient,
  repository: string,
  blob: Descriptor,
  limit: number,
): Promise<Uint8Array> {
  if (blob.size > limit) {
    throw new FalcoError(
      "OCI_LIMIT",
      `Cannot read blob ${blob.digest} of ${client.registry}/${repository}: ${blob.size} bytes are more than the ${limit} allowed`,
    );
  }
  let chunks: Uint8Array[] = [];
  await transfer(
    client,
    repository,
    blob,
    0,
    {},
    {
      write: async (chunk) => void chunks.push(chunk),
      restart: async () => {
        chunks = [];
      },
    },
  );
  const bytes = Buffer.concat(chunks);
  const verifier = digestVerifier(blob.digest);
  verifier.update(bytes);
  if (!verifier.matches()) throw wrongDigest(client, repository, blob);
  return bytes;
}

/** Moves the bytes from `done` on into the sink, continuing after cuts and stalls with ranges. */
async function transfer(
  client: RegistryClient,
  repository: string,
  blob: Descriptor,
  done: number,
  { onProgress }: TransferOptions,
  sink: Sink,
): Promise<void> {
  const name = `blob ${blob.digest} of ${client.registry}/${repository}`;
  for (let failures = 0; done < blob.size || (blob.size === 0 && failures === 0); ) {
    const start = done;
    let fault: unknown = new Error("the connection was cut");
    const response = await openRange(client, repository, blob, done, name);
    if (done > 0 && response.status !== 206) {
      done = 0;
      await sink.restart();
    }
    try {
      for await (const chunk of bodyChunks(response, client.http.stallMs)) {
        done += chunk.length;
        if (done > blob.size) break;
        await sink.write(chunk);
        onProgress?.(done, blob.size);
      }
    } catch (error) {
      if (client.http.signal?.aborted) throw error;
      fault = error;
    }
    if (done > blob.size) {
      throw new FalcoError(
        "OCI_LIMIT",
        `Cannot accept ${name}: the registry sends more than the ${blob.size} bytes promised`,
      );
    }
    if (done === blob.size) return;
    failures = done - start >= progressBytes ? 0 : failures + 1;
    if (failures >= client.http.attempts) {
      throw new FalcoError(
        "OCI_NETWORK",
        `Cannot download ${name}: ${reasonOf(fault)}, at ${done} of ${blob.size} bytes`,
        {
          hint: "try again: it continues where it broke off",
          cause: fault,
        },
      );
    }
    client.http.onRetry?.(`${name}: ${reasonOf(fault)} at ${done} of ${blob.size} bytes`);
    if (failures > 0) await backoff(failures, client.http, null, client.http.signal);
  }
}

async function openRange(
  client: RegistryClient,
  repository: string,
  blob: Descriptor,
  from: number,
  name: string,
): Promise<Response> {
  const headers = from > 0 ? { range: `bytes=${from}-` } : {};
  const response = await client.request(
    `${repository}/blobs/${blob.digest}`,
    `repository:${repository}:pull`,
    { headers },
  );
  if (response.status === 206) {
    const start = /^bytes (\d{1,15})-/.exec(response.headers.get("content-range") ?? "")?.[1];
    if (from > 0 && Number(start) === from) return response;
    discard(response);
    throw new FalcoError(
      "OCI_HTTP",
      `Cannot download ${name}: the registry answers with another range than asked for`,
    );
  }
  if (response.status === 416 && from > 0) {
    // It can't give the rest; it may give the whole.
    discard(response);
    return openRange(client, repository, blob, 0, name);
  }
  if (response.status !== 200) throw await client.refusal(response, `Cannot download ${name}`);
  return response;
}

const wrongDigest = (client: RegistryClient, repository: string, blob: Descriptor): FalcoError =>
  new FalcoError(
    "OCI_DIGEST",
    `Cannot accept blob ${blob.digest} of ${client.registry}/${repository}: the bytes received have another digest`,
    { hint: "the registry or something on the way to it has changed them; nothing was installed" },
  );
