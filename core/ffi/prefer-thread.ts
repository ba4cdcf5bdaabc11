import { readdirSync, readFileSync } from "node:fs";
import { libc } from "./libc.ts";

/** setpriority(2) by architecture. */
const SETPRIORITY: Readonly<Record<string, number>> = { x64: 141, arm64: 140 };
const PRIO_PROCESS = 0;
const NICE = -10;
/** The calling thread, for setpriority. */
const SELF = 0;

/** Names of the threads of the JavaScript engine that its others wait for: where they compile, or clear away garbage. */
const HELPERS: ReadonlySet<string> = new Set(["JITWorker", "HeapHelper"]);
const THREADS = "/proc/self/task";

/**
 * Lets the calling thread, and threads and processes it starts, come before others on a machine that has more to do than it can. Needs CAP_SYS_NICE;
 * without it all stays as it was.
 */
export function preferThisThread(): void {
  prefer(SELF);
}

/** The same for the helpers that the JavaScript engine has at the moment: a preferred thread waits for them as others do. */
export function preferHelpers(): void {
  for (const tid of readdirSync(THREADS)) {
    const name = nameOf(tid);
    if (name !== undefined && HELPERS.has(name)) prefer(Number(tid));
  }
}

function prefer(tid: number): void {
  const number = SETPRIORITY[process.arch];
  if (number !== undefined) libc().syscall(number, PRIO_PROCESS, tid, NICE, 0, 0, 0);
}

/** Undefined for a thread that has ended. */
function nameOf(tid: string): string | undefined {
  try {
    return readFileSync(`${THREADS}/${tid}/comm`, "latin1").trimEnd();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH") return undefined;
    throw error;
  }
}
