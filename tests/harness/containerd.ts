import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { busyboxRoot } from "./busybox-root.ts";
import { endWithTests } from "./children.ts";
import type { Outcome } from "./empty-root.ts";

const START_TIMEOUT_MS = 60_000;
const NAMESPACE = "team";

/** A containerd whose socket, state and data are below a temporary directory, driven by `ctr`. */
export class Containerd {
  readonly directory: string;
  readonly #daemon: Bun.Subprocess;
  readonly #root: string;

  private constructor(directory: string, daemon: Bun.Subprocess, root: string) {
    this.directory = directory;
    this.#daemon = daemon;
    this.#root = root;
  }

  /** The daemon, which has run a container; or, as a string, the reason why there can be none here. */
  static async start(): Promise<Containerd | string> {
    if (process.getuid?.() !== 0) return "containerd needs root";
    for (const program of ["containerd", "ctr"]) {
      if (!Bun.which(program)) return `${program} is not installed (Debian: apt-get install containerd)`;
    }
    const directory = mkdtempSync(join(tmpdir(), "falco-containerd-"));
    const at = (name: string): string => join(directory, name);
    const root = busyboxRoot(directory);
    if (typeof root === "string") {
      rmSync(directory, { recursive: true, force: true });
      return root;
    }
    writeFileSync(
      at("config.toml"),
      `version = 2\nroot = "${at("data")}"\nstate = "${at("state")}"\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]\naddress = "${at("socket")}"\n`,
    );
    const daemon = Bun.spawn(["containerd", "--config", at("config.toml")], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "ignore",
    });
    endWithTests(daemon, "SIGTERM");
    const containerd = new Containerd(directory, daemon, root.path);
    const end = Date.now() + START_TIMEOUT_MS;
    while (daemon.exitCode === null && Date.now() < end && containerd.ctr("version").code !== 0) {
      await Bun.sleep(100);
    }
    const { code, stderr } = containerd.container("probe", "/bin/true");
    if (code === 0) return containerd;
    await containerd.stop();
    return `containerd runs no container here: ${stderr.trim().split("\n").at(-1)}`;
  }

  ctr(...words: readonly string[]): Outcome {
    const at = ["--address", join(this.directory, "socket"), "--namespace", NAMESPACE];
    const child = Bun.spawnSync(["ctr", "--timeout", "60s", ...at, ...words], { stdin: "ignore" });
    return { code: child.exitCode, stdout: child.stdout.toString(), stderr: child.stderr.toString() };
  }

  /** Runs a program in a container of that id to its end. */
  container(id: string, ...command: readonly string[]): Outcome {
    return this.ctr("run", "--rm", "--rootfs", this.#root, id, ...command);
  }

  async stop(): Promise<void> {
    this.#daemon.kill("SIGTERM");
    await this.#daemon.exited;
    rmSync(this.directory, { recursive: true, force: true });
  }
}
