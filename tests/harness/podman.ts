import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { busyboxRoot } from "./busybox-root.ts";
import { endWithTests } from "./children.ts";
import type { Outcome } from "./empty-root.ts";
import { eventually } from "./programs.ts";

const START_TIMEOUT_MS = 60_000;
/** Machines that run tests may not let these limits be raised, which podman does unless told otherwise. */
const LIMITS = ["--ulimit", "nofile=1000:1000", "--ulimit", "nproc=1000:1000"];

/** A podman whose storage, state and containers are all below a temporary directory. */
export class Podman {
  readonly directory: string;
  readonly #runtime: string;
  #service: Bun.Subprocess | undefined;

  private constructor(directory: string, runtime: string) {
    this.directory = directory;
    this.#runtime = runtime;
  }

  /** A podman with an image of busybox, which has run a container; or the reason why there can be none here. */
  static start(tag: string): Podman | string {
    if (process.getuid?.() !== 0) return "podman needs root here";
    if (!Bun.which("podman")) return "podman is not installed (Debian: apt-get install podman)";
    const directory = mkdtempSync(join(tmpdir(), "falco-podman-"));
    const root = busyboxRoot(directory);
    let said = typeof root === "string" ? root : "neither crun nor runc is installed";
    // Which of them works depends on how the machine mounts its control groups.
    for (const runtime of typeof root === "string"
      ? []
      : ["crun", "runc"].filter((name) => Bun.which(name))) {
      const podman = new Podman(directory, runtime);
      const made = Bun.spawnSync(["sh", "-c", `tar -c . | "$@" import - ${tag}`, "sh", ...podman.#command], {
        cwd: (root as { readonly path: string }).path,
      });
      const tried = made.exitCode === 0 ? podman.container("--rm", tag, "/bin/true") : undefined;
      if (tried?.code === 0) return podman;
      said = (tried?.stderr ?? made.stderr.toString()).trim().split("\n").at(-1) ?? "";
    }
    rmSync(directory, { recursive: true, force: true });
    return `podman runs no container here: ${said}`;
  }

  get #command(): string[] {
    const at = (name: string): string => join(this.directory, name);
    return [
      "podman",
      ...["--root", at("storage"), "--runroot", at("run"), "--tmpdir", at("tmp")],
      ...["--runtime", this.#runtime, "--storage-driver", "vfs"],
      ...["--cgroup-manager", "cgroupfs", "--events-backend", "file"],
    ];
  }

  run(...words: readonly string[]): Outcome {
    const child = Bun.spawnSync([...this.#command, ...words], { stdin: "ignore" });
    return { code: child.exitCode, stdout: child.stdout.toString(), stderr: child.stderr.toString() };
  }

  /** `podman run` without a network. */
  container(...words: readonly string[]): Outcome {
    return this.run("run", "--network", "none", ...LIMITS, ...words);
  }

  get socket(): string {
    return join(this.directory, "socket");
  }

  /** Starts its API service. */
  async serve(): Promise<void> {
    const words = ["system", "service", "--time", "0", `unix://${this.socket}`];
    this.#service = Bun.spawn([...this.#command, ...words], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "ignore",
    });
    endWithTests(this.#service);
    if (!(await eventually(() => existsSync(this.socket), START_TIMEOUT_MS)))
      throw new Error("podman's service does not start");
  }

  /** Ends its service and containers, and removes what they left. */
  async stop(): Promise<void> {
    this.#service?.kill();
    await this.#service?.exited;
    this.run("rm", "--all", "--force", "--time", "0");
    rmSync(this.directory, { recursive: true, force: true });
  }
}
