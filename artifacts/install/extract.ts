import { createReadStream } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { type Header, extract as tarExtract } from "tar-stream";
import { FalcoError, reasonOf } from "../../core/errors.ts";

export interface ExtractLimits {
  /** Bytes of all files, unpacked. */
  readonly bytes: number;
  readonly files: number;
}

export const defaultLimits: ExtractLimits = { bytes: 4 * 2 ** 30, files: 10_000 };

/** Headers and padding take room too; a stream of nothing else is cut off. */
const overheadPerFile = 16 * 1024;
const chunkSize = 256 << 10;

/**
 * Unpacks a gzip tar into an empty directory and returns the files' relative paths. Only plain files and directories
 * inside it are accepted: anything with `..`, an absolute path, a link, a device, or more than the limits throws
 * ARCHIVE, and what was written up to there is of no use. Memory use does not depend on the archive's size.
 */
export async function extractArchive(
  archive: string,
  directory: string,
  limits: ExtractLimits = defaultLimits,
): Promise<string[]> {
  const files = new Set<string>();
  const fail = (why: string): FalcoError => new FalcoError("ARCHIVE", `Cannot unpack ${archive}: ${why}`);
  let bytes = 0;
  const counter = new Transform({
    highWaterMark: chunkSize,
    transform(chunk: Uint8Array, _encoding, done) {
      bytes += chunk.length;
      const most = limits.bytes + overheadPerFile * (files.size + 64);
      done(bytes > most ? fail(`it unpacks to more than ${limits.bytes} bytes`) : null, chunk);
    },
  });
  const unpack = tarExtract();
  const source = pipeline(
    createReadStream(archive, { highWaterMark: chunkSize }),
    createGunzip({ chunkSize }),
    counter,
    unpack,
  );
  // The loop below ends with it too, but may see no more of it than that the stream was destroyed.
  let fault: unknown;
  source.catch((error: unknown) => {
    fault = error;
  });
  try {
    let total = 0;
    for await (const entry of unpack) {
      const { header } = entry;
      const path = safePath(header, fail);
      if (header.type === "directory") {
        if (path !== "") await mkdir(join(directory, path), { recursive: true, mode: 0o755 });
        entry.resume();
        continue;
      }
      if (path === "") throw fail("a file in it has no name");
      if (files.has(path)) throw fail(`"${path}" stands in it twice`);
      files.add(path);
      total += header.size ?? 0;
      if (files.size > limits.files) throw fail(`it has more than ${limits.files} files`);
      if (total > limits.bytes) throw fail(`it unpacks to more than ${limits.bytes} bytes`);
      await writeEntry(entry as unknown as Readable, header, join(directory, path));
    }
    await source;
  } catch (error) {
    const cause = reasonOf(error) === "Stream was destroyed" ? (fault ?? error) : error;
    if (cause instanceof FalcoError) throw cause;
    throw new FalcoError("ARCHIVE", `Cannot unpack ${archive}: ${reasonOf(cause)}`, { cause });
  }
  if (files.size === 0) throw fail("no file is in it");
  return [...files];
}

async function writeEntry(entry: Readable, header: Header, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  // Only whether it is executable survives: no set-user-id, nothing writable for others.
  const handle = await open(path, "wx", (header.mode ?? 0) & 0o100 ? 0o755 : 0o644);
  try {
    for await (const chunk of entry) await handle.writeFile(chunk as Uint8Array);
    // It is going to replace another by rename: its bytes must be on the disk before its name is.
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The entry's path relative to the target, cleaned of `.`; throws for everything that is no file or directory in it. */
function safePath(header: Header, fail: (why: string) => FalcoError): string {
  const { name, type } = header;
  const shown = JSON.stringify(name.slice(0, 200));
  if (type !== "file" && type !== "contiguous-file" && type !== "directory") {
    throw fail(`${shown} is a ${type ?? "thing of unknown kind"}, only files and directories are accepted`);
  }
  if (name.startsWith("/")) throw fail(`${shown} is an absolute path`);
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) throw fail(`${shown} leads out of the target directory`);
  if (/[\x00-\x1f\x7f]/.test(name)) throw fail(`${shown} has control characters in its name`);
  if (parts.length > 32 || parts.some((part) => Buffer.byteLength(part) > 255))
    throw fail(`${shown} is too long a path`);
  return parts.join("/");
}
