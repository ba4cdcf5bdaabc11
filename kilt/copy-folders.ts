import { chmodSync, cpSync, lstatSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { FalcoError, reasonOf } from "../core/errors.ts";

/**
 * Copies folders (or files) below another one, each to its own full path there: /opt/falco to
 * /kilt/opt/falco. Modes and links are kept; owners are the copying user's. Throws a FalcoError that
 * names the folder when one cannot be copied.
 */
export function copyFolders(folders: readonly string[], target: string): void {
  for (const folder of folders) {
    const from = resolve(folder);
    const to = join(target, from);
    try {
      mkdirSync(dirname(to), { recursive: true });
      cpSync(from, to, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
      keepModes(from, to);
    } catch (error) {
      throw new FalcoError("KILT_COPY", `Cannot copy ${folder} to ${target}: ${reasonOf(error)}`, {
        cause: error,
      });
    }
  }
}

/** The umask of the container takes bits away from what is made; they are put back. */
function keepModes(from: string, to: string): void {
  const stat = lstatSync(from);
  if (stat.isSymbolicLink()) return;
  chmodSync(to, stat.mode & 0o7777);
  if (stat.isDirectory()) for (const name of readdirSync(from)) keepModes(join(from, name), join(to, name));
}
