import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { FalcoError, reasonOf } from "../../core/errors.ts";
import { check, libc } from "../../core/ffi/libc.ts";
import { KEPT, PARTIAL } from "./hands.ts";
import type { Started } from "./record.ts";

/** In a container that shares another's processes, that one's first process is the first of all. */
const FIRST = "/proc/1";

/**
 * Enters the root of the container whose processes this one shares. From then on every path is that
 * container's, links included: nothing it holds can lead a write elsewhere. Throws when it may not.
 */
export function enterRoot(first = FIRST): void {
  try {
    const path = Buffer.from(`${first}/root\0`);
    check("chroot", libc().chroot(path));
    process.chdir("/");
  } catch (error) {
    throw new FalcoError("KILT_AGENT", `Cannot enter the container's root: ${reasonOf(error)}`, {
      hint: "it takes SYS_PTRACE and SYS_CHROOT: see --profile of falco kilt patch",
      cause: error,
    });
  }
}

/** Writes a file beside its place, then moves it there; what stood there is kept under another name. */
export async function placeFile(
  destination: string,
  input: AsyncIterable<Uint8Array>,
  size: number,
  mode: number,
  owner: { uid: number; gid: number },
): Promise<void> {
  const partial = destination + PARTIAL;
  mkdirSync(dirname(destination), { recursive: true });
  rmSync(partial, { force: true });
  // "x": a link that somebody puts there meanwhile is not followed.
  const fd = openSync(partial, "wx", 0o600);
  let written = 0;
  try {
    for await (const chunk of input) {
      const part = chunk.subarray(0, size - written);
      for (let at = 0; at < part.length; ) at += writeSync(fd, part, at);
      written += part.length;
      if (written >= size) break;
    }
  } finally {
    closeSync(fd);
  }
  if (written !== size) {
    rmSync(partial, { force: true });
    throw new FalcoError("KILT_AGENT", `Cannot upload ${destination}: ${written} of ${size} bytes came`);
  }
  chownSync(partial, owner.uid, owner.gid);
  chmodSync(partial, mode);
  if (existsSync(destination) && !existsSync(destination + KEPT)) renameSync(destination, destination + KEPT);
  renameSync(partial, destination);
}

/** Removes files and puts back what stood there; ends processes that are still those that were started. */
export function undo(files: readonly string[], processes: readonly Started[]): void {
  for (const { pid, start } of processes) {
    if (startOf(pid) === start) process.kill(pid, "SIGTERM");
  }
  for (const file of files) {
    rmSync(file, { force: true });
    rmSync(file + PARTIAL, { force: true });
    if (existsSync(file + KEPT)) renameSync(file + KEPT, file);
  }
}

/** The start of a process in clock ticks since boot; undefined when there is none of that pid. */
export function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    // Gone, or never there: both mean that nothing of it is left.
    return undefined;
  }
}

/**
 * Starts a program as the container's own user, with its environment, in a session of its own; its
 * output goes where the container's goes. Call `enterRoot` first.
 */
export function startProgram(run: readonly string[], first = FIRST): Started {
  const identity = identityOf(readFileSync(`${first}/status`, "utf8"));
  const environment = environmentOf(readFileSync(`${first}/environ`, "utf8"));
  const log = openLog(first);
  process.setgroups?.(identity.groups);
  process.setgid?.(identity.gid);
  process.setuid?.(identity.uid);
  try {
    const child = Bun.spawn([...run], { env: environment, stdio: ["ignore", log, log], detached: true });
    child.unref();
    const start = startOf(child.pid);
    if (start === undefined) throw new Error("it ended at once");
    return { pid: child.pid, start };
  } catch (error) {
    throw new FalcoError("KILT_AGENT", `Cannot start ${run[0]}: ${reasonOf(error)}`, { cause: error });
  }
}

function openLog(first: string): number {
  try {
    return openSync(`${first}/fd/1`, "a");
  } catch {
    // A container may have closed its output, or be given a socket, which cannot be opened by path.
    return openSync("/dev/null", "a");
  }
}

function identityOf(status: string): { uid: number; gid: number; groups: number[] } {
  const numbers = (name: string): number[] => {
    const line = new RegExp(`^${name}:\\s*(.*)$`, "m").exec(status)?.[1] ?? "";
    return line.split(/\s+/).filter(Boolean).map(Number);
  };
  return { uid: numbers("Uid")[1] ?? 0, gid: numbers("Gid")[1] ?? 0, groups: numbers("Groups") };
}

function environmentOf(text: string): Record<string, string> {
  const pairs = text.split("\0").filter((pair) => pair.includes("="));
  return Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]),
  );
}
