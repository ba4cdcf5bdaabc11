import { type Pointer, ptr, read } from "bun:ffi";
import { libc } from "../../ffi/libc.ts";
import { SystemError } from "../../ffi/system-error.ts";
import { readProc } from "../proc/proc-files.ts";
import { LAUNCH_WORD, NO_FILTER } from "./launcher.ts";

/** How this program starts itself: compiled it is the program, from source it is bun with the script. */
const OWN_COMMAND = import.meta.url.includes("/$bunfs/")
  ? [process.execPath]
  : [process.execPath, new URL("../../../cmd/main.ts", import.meta.url).pathname];

/** Whether a process is still that stage. */
export function isLauncher(pid: number): boolean {
  const words = readProc(`/proc/${pid}/cmdline`)?.toString().split("\0") ?? [];
  return words[OWN_COMMAND.length] === LAUNCH_WORD;
}

/** Starts the stage that becomes the workload and returns its process id. It waits until it is traced. Throws SystemError. */
export function spawnLauncher(command: readonly string[], filter: Uint8Array | undefined): number {
  const encoded = filter ? Buffer.from(filter).toString("base64") : NO_FILTER;
  const texts = [...OWN_COMMAND, LAUNCH_WORD, encoded, ...command].map((word) => Buffer.from(`${word}\0`));
  const argv = new BigUint64Array([...texts.map((text) => BigInt(ptr(text))), 0n]);
  // The environment as it came, whatever its bytes.
  const environ = libc().dlsym(0, ptr(Buffer.from("environ\0")));
  const envp = read.ptr(Number(environ) as Pointer, 0) as Pointer;
  const pid = new Int32Array(1);
  const error = libc().posix_spawn(ptr(pid), ptr(texts[0]!), null, null, ptr(argv), envp);
  if (error !== 0) throw new SystemError("posix_spawn", error);
  return pid[0]!;
}
