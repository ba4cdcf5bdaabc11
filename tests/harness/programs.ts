import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { endWithTests } from "./children.ts";

/** Path of an installed program, or undefined; says on standard error why a test is skipped. */
export function installed(program: string, debianPackage = program): string | undefined {
  const path = Bun.which(program, { PATH: `${process.env.PATH}:/usr/sbin:/sbin` });
  if (!path) console.error(`skipped: ${program} is not installed (apt-get install -y ${debianPackage})`);
  return path ?? undefined;
}

/** A TCP port that nobody listened on a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        address && typeof address === "object" ? resolve(address.port) : reject(new Error("no port")),
      );
    });
  });
}

/** How long a condition is waited for that holds at once on an idle machine: long enough for one that is not. */
const PATIENCE_MS = 60_000;

/** Waits until a condition holds; false if it did not within so many milliseconds. */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  milliseconds = PATIENCE_MS,
): Promise<boolean> {
  const deadline = performance.now() + milliseconds;
  while (performance.now() < deadline) {
    if (await condition()) return true;
    await Bun.sleep(20);
  }
  return false;
}

/** A directory that is removed, and processes that are ended, when the test's scope is left (`await using`). */
export class Workspace {
  readonly path = mkdtempSync(join(tmpdir(), "falco-test-"));
  readonly #processes: Subprocess[] = [];

  file(name: string): string {
    return join(this.path, name);
  }
  spawn(command: string[], environment: Record<string, string> = {}): Subprocess {
    const child = Bun.spawn(command, {
      cwd: this.path,
      env: { ...process.env, ...environment },
      stdin: "ignore",
      stdout: "ignore",
      stderr: "ignore",
    });
    this.#processes.push(endWithTests(child));
    return child;
  }
  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#processes) child.kill("SIGKILL");
    await Promise.all(this.#processes.map((child) => child.exited));
    rmSync(this.path, { recursive: true, force: true });
  }
}
