import {
  type BigIntStats,
  closeSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  statSync,
} from "node:fs";

const CHUNK = 64 * 1024;
const chunk = Buffer.allocUnsafe(CHUNK);

/**
 * The first 64 KB of a file of /proc as bytes; undefined when it is gone or not ours to read. Processes end while they are looked at: that is
 * no error here, what is missing is left out.
 */
export function readProc(path: string): Buffer | undefined {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch {
    return undefined;
  }
  try {
    let length = 0;
    for (;;) {
      const read = readSync(fd, chunk, length, CHUNK - length, null);
      length += read;
      if (read === 0 || length === CHUNK) return Buffer.from(chunk.subarray(0, length));
    }
  } catch {
    return undefined;
  } finally {
    closeSync(fd);
  }
}

/** Text of a whole file of /proc, however long; undefined as for `readProc`. */
export function readProcTable(path: string): string | undefined {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch {
    return undefined;
  }
  const parts: Buffer[] = [];
  try {
    for (;;) {
      const read = readSync(fd, chunk, 0, CHUNK, null);
      if (read === 0) return Buffer.concat(parts).toString("latin1");
      parts.push(Buffer.from(chunk.subarray(0, read)));
    }
  } catch {
    return undefined;
  } finally {
    closeSync(fd);
  }
}

export function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

export function listDirectory(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/** What stat(2) says of a path, links followed; undefined when it can't be reached. */
export function statOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}
