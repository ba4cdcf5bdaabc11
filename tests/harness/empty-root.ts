import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A directory that holds one file, `/falco`, and an empty `/proc`: all that the binary may count on. */
export class EmptyRoot {
  readonly directory = mkdtempSync(join(tmpdir(), "falco-root-"));

  constructor(file: string) {
    mkdirSync(join(this.directory, "proc"));
    copyFileSync(file, join(this.directory, "falco"));
  }

  /** Runs `/falco` there with exactly this environment, in mount and process namespaces of its own. */
  run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Outcome {
    const inside = 'mount -t proc proc "$1/proc" && exec chroot "$@"';
    const settings = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    // env -i behind chroot would need a file in there, so the environment is emptied before the shell starts.
    const words = ["unshare", ...namespaces(), "sh", "-c", inside, "sh", this.directory, "/falco", ...args];
    const path = process.env.PATH ?? "/usr/sbin:/usr/bin:/sbin:/bin";
    const child = Bun.spawnSync(["env", "-i", `PATH=${path}`, ...settings, ...words], { stdin: "ignore" });
    return { code: child.exitCode, stdout: child.stdout.toString(), stderr: child.stderr.toString() };
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

const namespaces = (): string[] => [
  ...(process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"]),
  "--mount",
  "--pid",
  "--fork",
];

/** Why no such root can be made here, or undefined where it can. */
export function emptyRootUnavailable(): string | undefined {
  const { exitCode, stderr } = Bun.spawnSync(["unshare", ...namespaces(), "true"], { stderr: "pipe" });
  return exitCode === 0 ? undefined : `no mount and process namespaces here: ${stderr.toString().trim()}`;
}
