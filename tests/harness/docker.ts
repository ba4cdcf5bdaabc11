import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { busyboxRoot } from "./busybox-root.ts";
import { endWithTests } from "./children.ts";
import type { Outcome } from "./empty-root.ts";

const START_TIMEOUT_MS = 60_000;

/**
 * A Docker daemon of its own: socket, data and containerd below a temporary directory, nothing shared with
 * one that may run already. It has no bridge and writes no firewall rules, because machines that run tests
 * (containers, small VMs) often allow neither: containers get `--network none` or `--network host`.
 */
export class Docker {
  readonly directory: string;
  readonly #daemon: Bun.Subprocess;

  private constructor(directory: string, daemon: Bun.Subprocess) {
    this.directory = directory;
    this.#daemon = daemon;
  }

  /** The daemon, ready to use; or, as a string, the reason why there can be none here. */
  static async start(): Promise<Docker | string> {
    if (process.getuid?.() !== 0) return "dockerd needs root";
    for (const program of ["dockerd", "docker"]) {
      if (!Bun.which(program)) return `${program} is not installed (Debian: apt-get install docker.io)`;
    }
    const directory = mkdtempSync(join(tmpdir(), "falco-docker-"));
    const log = join(directory, "log");
    const at = (name: string): string => join(directory, name);
    const daemon = Bun.spawn(
      [
        "dockerd",
        ...["--host", `unix://${at("socket")}`, "--pidfile", at("pid")],
        ...["--data-root", at("data"), "--exec-root", at("exec")],
        ...["--bridge=none", "--iptables=false", "--ip6tables=false"],
      ],
      { stdin: "ignore", stdout: Bun.file(log), stderr: Bun.file(at("errors")) },
    );
    // It takes its containers and its containerd along.
    endWithTests(daemon, "SIGTERM");
    const docker = new Docker(directory, daemon);
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (daemon.exitCode === null && Date.now() < deadline) {
      if (existsSync(at("socket")) && docker.run("version").code === 0) return docker;
      await Bun.sleep(100);
    }
    const said = readFileSync(at("errors"), "utf8").trimEnd().split("\n").at(-1) ?? "";
    await docker.stop();
    return `dockerd does not start here: ${said}`;
  }

  /** The address for DOCKER_HOST. */
  get host(): string {
    return `unix://${this.socket}`;
  }

  get socket(): string {
    return join(this.directory, "socket");
  }

  /** Runs the `docker` client against this daemon. */
  run(...words: readonly string[]): Outcome {
    const child = Bun.spawnSync(["docker", "--host", this.host, ...words], { stdin: "ignore" });
    return { code: child.exitCode, stdout: child.stdout.toString(), stderr: child.stderr.toString() };
  }

  /** Makes an image of the machine's static busybox (see `busyboxRoot`); says why where it can't. */
  importBusybox(tag: string, passwd?: string): string | undefined {
    const root = busyboxRoot(this.directory, passwd);
    if (typeof root === "string") return root;
    const script = `tar -c . | docker --host ${this.host} import - ${tag}`;
    const child = Bun.spawnSync(["sh", "-c", script], { cwd: root.path });
    return child.exitCode === 0
      ? undefined
      : `cannot make a busybox image: ${child.stderr.toString().trim()}`;
  }

  /** Ends the daemon, its containers and containerd with it, and removes what they left. */
  async stop(): Promise<void> {
    const running =
      this.#daemon.exitCode === null ? this.run("ps", "-q").stdout.split("\n").filter(Boolean) : [];
    if (running.length > 0) this.run("rm", "-f", ...running);
    this.#daemon.kill("SIGTERM");
    await this.#daemon.exited;
    rmSync(this.directory, { recursive: true, force: true });
  }
}
