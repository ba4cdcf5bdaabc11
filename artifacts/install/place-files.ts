import { existsSync } from "node:fs";
import {
  access,
  constants,
  copyFile,
  link,
  lstat,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  stat,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { FalcoError, reasonOf } from "../../core/errors.ts";
import { writeAtomically } from "../files/write-atomically.ts";

/**
 * How an installation survives a crash. Everything happens in a staging directory inside the target directory, hence on
 * its filesystem:
 *
 *     .falco-staging-XXXXXX/new/…      what was unpacked
 *     .falco-staging-XXXXXX/old/…      second links to the files that will be replaced or removed
 *     .falco-staging-XXXXXX/plan.json  which paths are touched; while it exists the installation is not finished
 *
 * Files move by rename, one by one. Removing plan.json is the commit. A staging directory found later with a plan is
 * rolled back, one without is a leftover.
 */
const prefix = ".falco-staging-";

interface Plan {
  /** Relative paths that get new content. */
  readonly place: readonly string[];
  /** Relative paths of the former version that the new one lacks. */
  readonly remove: readonly string[];
  /** Which of both existed before. */
  readonly existed: readonly string[];
}

export interface Staging {
  readonly directory: string;
  /** Where to unpack to. */
  readonly fresh: string;
}

/** Throws unless the directory exists and can be written to, before anything is downloaded for it. */
export async function checkWritable(directory: string): Promise<void> {
  try {
    if (!(await stat(directory)).isDirectory()) throw new Error("it is not a directory");
    await access(directory, constants.W_OK | constants.X_OK);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new FalcoError(
      "INSTALL",
      `Cannot install into ${directory}: ${missing ? "it does not exist" : reasonOf(error)}`,
      {
        hint: missing
          ? "create it, or choose another with --rulesfiles-dir, --plugins-dir or --assets-dir"
          : "run as a user who may write to it",
        cause: error,
      },
    );
  }
}

/** Opens a staging directory. */
export async function openStaging(directory: string): Promise<Staging> {
  const staging = await mkdtemp(join(directory, prefix));
  const fresh = join(staging, "new");
  await mkdir(fresh);
  return { directory: staging, fresh };
}

export const discardStaging = (staging: Staging): Promise<void> =>
  rm(staging.directory, { recursive: true, force: true });

/**
 * Moves staged files into the target directory, and removes `obsolete` ones. On any fault, the former state is restored
 * before it is thrown. Files whose content is the same are left alone. Returns the paths that changed.
 */
export async function placeFiles(
  directory: string,
  staging: Staging,
  files: readonly string[],
  obsolete: readonly string[],
): Promise<string[]> {
  const place: string[] = [];
  for (const file of files) {
    await checkParents(directory, file);
    if (!(await sameContent(join(staging.fresh, file), join(directory, file)))) place.push(file);
  }
  const remove = obsolete.filter((file) => !files.includes(file) && existsSync(join(directory, file)));
  const existed = [...place, ...remove].filter((file) => existsSync(join(directory, file)));
  for (const file of existed) {
    const copy = join(staging.directory, "old", file);
    await mkdir(dirname(copy), { recursive: true });
    // Filesystems without hard links get a copy.
    await link(join(directory, file), copy).catch(() => copyFile(join(directory, file), copy));
  }
  const plan: Plan = { place, remove, existed };
  await writeAtomically(join(staging.directory, "plan.json"), JSON.stringify(plan));
  try {
    for (const file of place) {
      await mkdir(dirname(join(directory, file)), { recursive: true, mode: 0o755 });
      await rename(join(staging.fresh, file), join(directory, file));
    }
    for (const file of remove) await rm(join(directory, file), { force: true });
    await syncDirectory(directory);
  } catch (error) {
    await rollBack(directory, staging.directory, plan);
    throw new FalcoError("INSTALL", `Cannot install into ${directory}: ${reasonOf(error)}`, { cause: error });
  }
  await rm(join(staging.directory, "plan.json"));
  await pruneEmpty(directory, remove);
  return [...place, ...remove];
}

/** Removes installed files as one: all of them, or on a fault none. Call it while holding the directory's lock. */
export async function removeFiles(directory: string, files: readonly string[]): Promise<string[]> {
  await recover(directory);
  const staging = await openStaging(directory);
  try {
    return await placeFiles(directory, staging, [], files);
  } finally {
    await discardStaging(staging);
  }
}

/**
 * Rolls back installations into a directory that were cut short, and removes leftovers. Call it while holding the
 * directory's lock, before staging anything.
 */
export async function recover(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!name.startsWith(prefix)) continue;
    const staging = join(directory, name);
    const text = await readFile(join(staging, "plan.json"), "utf8").catch(() => undefined);
    if (text !== undefined) await rollBack(directory, staging, JSON.parse(text) as Plan);
    else await rm(staging, { recursive: true, force: true });
  }
}

async function rollBack(directory: string, staging: string, plan: Plan): Promise<void> {
  for (const file of [...plan.place, ...plan.remove]) {
    const target = join(directory, file);
    if (plan.existed.includes(file)) await rename(join(staging, "old", file), target);
    else await rm(target, { force: true });
  }
  await rm(staging, { recursive: true, force: true });
}

/** A symbolic link on the way would lead the file elsewhere. */
async function checkParents(directory: string, file: string): Promise<void> {
  const parts = file.split("/");
  for (let i = 1; i <= parts.length; i++) {
    const path = join(directory, ...parts.slice(0, i));
    const info = await lstat(path).catch(() => undefined);
    if (!info) return;
    const last = i === parts.length;
    if (info.isSymbolicLink())
      throw new FalcoError("INSTALL", `Cannot install ${path}: a symbolic link is in its place`);
    if (last ? !info.isFile() : !info.isDirectory()) {
      throw new FalcoError("INSTALL", `Cannot install ${join(directory, file)}: ${path} is in its way`);
    }
  }
}

/** Whether both are files of the same bytes and executable alike. */
async function sameContent(a: string, b: string): Promise<boolean> {
  const [one, other] = await Promise.all([stat(a), stat(b).catch(() => undefined)]);
  if (!other || one.size !== other.size || (one.mode & 0o100) !== (other.mode & 0o100)) return false;
  const [x, y] = await Promise.all([open(a), open(b)]);
  try {
    const [p, q] = [Buffer.alloc(1 << 18), Buffer.alloc(1 << 18)];
    for (let at = 0; at < one.size; at += p.length) {
      const [r, s] = await Promise.all([x.read(p, 0, p.length, at), y.read(q, 0, q.length, at)]);
      if (r.bytesRead !== s.bytesRead || !p.subarray(0, r.bytesRead).equals(q.subarray(0, s.bytesRead)))
        return false;
    }
    return true;
  } finally {
    await Promise.all([x.close(), y.close()]);
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  await handle.sync().finally(() => handle.close());
}

/** Directories that an artifact's removal has left empty go as well, up to the target directory. */
async function pruneEmpty(directory: string, files: readonly string[]): Promise<void> {
  for (const file of files) {
    for (let parent = dirname(file); parent !== "."; parent = dirname(parent)) {
      // Fails on one that is not empty, which ends this branch.
      if (
        !(await rmdir(join(directory, parent)).then(
          () => true,
          () => false,
        ))
      )
        break;
    }
  }
}
