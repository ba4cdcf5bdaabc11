import { createReadStream, createWriteStream } from "node:fs";
import { lstat, open, readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip, gunzipSync } from "node:zlib";
import { type Pack, pack as tarPack } from "tar-stream";
import { FalcoError, reasonOf } from "../../core/errors.ts";
import { sha256Of } from "../oci/digest.ts";

/** A layer ready to be pushed: a gzip tar on disk. */
export interface PackedLayer {
  readonly file: string;
  /** The archive's file name, which becomes the layer's title. */
  readonly title: string;
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
}

/**
 * Packs a file or directory as `NAME.tar.gz` in `workDir`; a file that is a gzip tar already is taken as it is. The
 * same content gives the same digest: times and owners are left out.
 */
export async function packLayer(path: string, workDir: string): Promise<PackedLayer> {
  const info = await lstat(path).catch((error: unknown) => {
    throw new FalcoError("PACK", `Cannot pack ${path}: ${reasonOf(error)}`, { cause: error });
  });
  if (info.isFile() && (await isTarGz(path))) return describe(path);
  const file = join(workDir, `${basename(path)}.tar.gz`);
  const archive = tarPack();
  const written = pipeline(archive, createGzip(), createWriteStream(file, { flags: "wx" }));
  const filled = fill(archive, path, info.isDirectory()).catch((error: unknown) => {
    archive.destroy(error as Error);
    throw error;
  });
  // Both are awaited, so that a fault in one is never left unhandled by waiting for the other.
  const [, outcome] = await Promise.allSettled([written, filled]);
  if (outcome.status === "rejected") throw outcome.reason;
  await written;
  return describe(file);
}

const describe = async (file: string): Promise<PackedLayer> => ({
  file,
  title: basename(file),
  digest: await sha256Of(Bun.file(file)),
  size: Bun.file(file).size,
});

async function fill(archive: Pack, path: string, directory: boolean): Promise<void> {
  if (directory) await addDirectory(archive, path, "");
  else await addFile(archive, path, basename(path));
  archive.finalize();
}

async function addDirectory(archive: Pack, path: string, prefix: string): Promise<void> {
  for (const name of (await readdir(path)).sort()) {
    const child = join(path, name);
    const info = await lstat(child);
    if (info.isDirectory()) await addDirectory(archive, child, `${prefix}${name}/`);
    else if (info.isFile()) await addFile(archive, child, prefix + name);
    else
      throw new FalcoError(
        "PACK",
        `Cannot pack ${child}: only files and directories can be part of an artifact`,
      );
  }
}

async function addFile(archive: Pack, path: string, name: string): Promise<void> {
  const { size, mode } = await lstat(path);
  const header = { name, size, mode: mode & 0o100 ? 0o755 : 0o644, mtime: new Date(0), uid: 0, gid: 0 };
  await new Promise<void>((resolve, reject) => {
    const entry = archive.entry(header, (error) => (error ? reject(error) : resolve()));
    createReadStream(path, { end: Math.max(0, size - 1) })
      .on("error", reject)
      .pipe(entry);
  });
}

/** Whether a file begins as a gzip stream that holds a tar: the magic of both is looked at. */
export async function isTarGz(path: string): Promise<boolean> {
  const handle = await open(path);
  try {
    const head = Buffer.alloc(64 * 1024);
    const { bytesRead } = await handle.read(head, 0, head.length, 0);
    if (bytesRead < 18 || head[0] !== 0x1f || head[1] !== 0x8b) return false;
    const plain = gunzipSync(head.subarray(0, bytesRead), { finishFlush: 2, maxOutputLength: 1 << 28 });
    return plain.subarray(257, 262).toString("latin1") === "ustar";
  } catch {
    // What can't be inflated is no archive, and gets packed as it is.
    return false;
  } finally {
    await handle.close();
  }
}
