import { readFile } from "node:fs/promises";
import { FalcoError } from "../../core/errors.ts";

/** Tells the engine whose process id is in a file to load its rules again (SIGHUP). */
export async function signalReload(pidFile: string): Promise<void> {
  const text = await readFile(pidFile, "utf8").catch(() => "");
  const pid = /^\s*(\d{1,9})\s*$/.exec(text)?.[1];
  try {
    if (pid === undefined || Number(pid) < 1) throw new Error("no process id is in it");
    process.kill(Number(pid), "SIGHUP");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new FalcoError("FOLLOW", `Cannot make the engine of ${pidFile} reload: ${why}`, { cause: error });
  }
}
