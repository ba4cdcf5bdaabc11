import { join, resolve } from "node:path";

const MAIN = join(resolve(import.meta.dir, "../.."), "cmd/main.ts");

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The words that start falco from its sources. */
export const FALCO: readonly string[] = [process.execPath, MAIN];

/** Runs falco from its sources until it ends. */
export function falco(words: readonly string[], env: Record<string, string> = {}): Outcome {
  const child = Bun.spawnSync([...FALCO, ...words], { stdin: "ignore", env: { ...process.env, ...env } });
  return { code: child.exitCode, stdout: child.stdout.toString(), stderr: child.stderr.toString() };
}
