import { mkdir, rmdir, stat, utimes } from "node:fs/promises";
import { FalcoError, reasonOf } from "../../core/errors.ts";
import { sleep } from "../oci/retry.ts";

/** A lock not touched for this long belongs to nobody any more. */
const staleMs = 30_000;
const touchMs = 5_000;
const waitMs = 600_000;

/**
 * Runs `work` while holding locks, taken in the order given, waiting for whoever holds them. A lock is an empty
 * directory, which programs that read all files around it pass over. The holder touches it regularly; its age, not a
 * process id, tells a leftover, since holders may live in different containers that share a volume.
 */
export async function withLocks<T>(paths: readonly string[], work: () => Promise<T>): Promise<T> {
  const [first, ...rest] = paths;
  if (first === undefined) return work();
  for (const start = Date.now(); !(await acquire(first)); await sleep(50)) {
    if (Date.now() - start < waitMs) continue;
    throw new FalcoError(
      "LOCKED",
      `Cannot lock ${first}: another installation has been running for ${waitMs / 60_000} minutes`,
    );
  }
  const touch = setInterval(() => {
    const now = new Date();
    // A failure shows as a lock that grows stale, which others handle.
    utimes(first, now, now).catch(() => undefined);
  }, touchMs);
  touch.unref();
  try {
    return await withLocks(rest, work);
  } finally {
    clearInterval(touch);
    await rmdir(first).catch(() => undefined);
  }
}

async function acquire(path: string): Promise<boolean> {
  try {
    await mkdir(path, { mode: 0o700 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
      throw new FalcoError("LOCKED", `Cannot lock ${path}: ${reasonOf(error)}`, { cause: error });
    }
  }
  const age = await stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => 0,
  );
  if (age > staleMs) await rmdir(path).catch(() => undefined);
  return false;
}
