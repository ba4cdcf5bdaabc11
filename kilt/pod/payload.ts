import { statSync } from "node:fs";
import { resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { FalcoError, reasonOf } from "../../core/errors.ts";
import type { Upload } from "../runtime.ts";

const MAX_PAYLOAD = 512 << 20;
const STALL_MS = 30_000;

/** A file to be put into a container. */
export interface Payload {
  readonly bytes: Uint8Array;
  /** Absolute path in the container. */
  readonly destination: string;
  readonly uid: number;
  readonly gid: number;
  /** Mode bits, 0o755 for example. */
  readonly permissions: number;
}

/**
 * The bytes of an upload, decompressed if it says so: fetched here, so that a container needs neither a
 * network nor a program for it. Local files are relative to `folder`. Throws a FalcoError that names
 * the upload.
 */
export async function payloadOf(upload: Upload, folder: string): Promise<Payload> {
  const { destination, uid, gid, permissions } = upload;
  try {
    const given = await READERS[upload.from](upload.contents, folder);
    const bytes = upload.gzipped ? gunzipSync(given, { maxOutputLength: MAX_PAYLOAD }) : given;
    return { bytes, destination, uid, gid, permissions };
  } catch (error) {
    const what = upload.from === "url" || upload.from === "file" ? ` ${upload.contents}` : "";
    throw new FalcoError(
      "KILT_PAYLOAD",
      `Cannot get ${upload.from}${what} for ${destination}: ${reasonOf(error)}`,
      {
        cause: error,
      },
    );
  }
}

const READERS: Readonly<Record<Upload["from"], (contents: string, folder: string) => Promise<Uint8Array>>> = {
  url: (contents) => download(contents),
  file: async (contents, folder) => {
    const path = resolve(folder, contents);
    const stat = statSync(path);
    if (!stat.isFile()) throw new Error("it is not a file");
    if (stat.size > MAX_PAYLOAD) throw new Error(`it is longer than ${MAX_PAYLOAD} bytes`);
    return Bun.file(path).bytes();
  },
  payload: async (contents) => Buffer.from(contents, "base64"),
  text: async (contents) => Buffer.from(contents),
};

async function download(url: string): Promise<Uint8Array> {
  const stalled = new AbortController();
  let timer = setTimeout(() => stalled.abort(), STALL_MS);
  try {
    const response = await fetch(url, { signal: stalled.signal });
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of response.body ?? []) {
      clearTimeout(timer);
      timer = setTimeout(() => stalled.abort(), STALL_MS);
      length += chunk.length;
      if (length > MAX_PAYLOAD) throw new Error(`it is longer than ${MAX_PAYLOAD} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch (error) {
    if (stalled.signal.aborted) throw new Error(`nothing came for ${STALL_MS / 1000} s`, { cause: error });
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
