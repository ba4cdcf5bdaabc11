import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/**
 * What a regular file holds; undefined when there is none, it may not be read or has more than `maxBytes`. Files
 * in containers are made by those who are watched: with `trusted` false a link is not followed, since an absolute
 * one would lead out of the container. Never waits, as a named pipe in the place of the file would have it, and
 * reads no more than the size that the file has.
 */
export function readRegularFile(path: string, maxBytes: number, trusted = true): Buffer | undefined {
  let fd: number;
  try {
    fd = openSync(path, O_RDONLY | O_NONBLOCK | (trusted ? 0 : O_NOFOLLOW));
  } catch {
    // Most are looked for where only some machines have them.
    return undefined;
  }
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile() || stats.size > maxBytes) return undefined;
    const bytes = Buffer.allocUnsafe(stats.size);
    let length = 0;
    while (length < bytes.length) {
      const count = readSync(fd, bytes, length, bytes.length - length, length);
      if (count === 0) break;
      length += count;
    }
    return bytes.subarray(0, length);
  } catch {
    // A process that ended takes its view of the file system with it.
    return undefined;
  } finally {
    closeSync(fd);
  }
}
