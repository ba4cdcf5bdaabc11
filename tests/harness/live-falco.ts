import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endWithTests } from "./children.ts";

const ROOT = join(import.meta.dir, "..", "..");
const START_TIMEOUT_MS = 60_000;
/** How long an alert is waited for; how soon it comes is the benches' business. */
const ALERT_TIMEOUT_MS = 60_000;

export interface LiveAlert {
  readonly rule: string;
  readonly priority: string;
  readonly output: string;
  readonly output_fields: Readonly<Record<string, string | number | boolean | null>>;
}

/** Why this machine's system calls can't be watched by the probe, or undefined where they can. */
export function whyNoLive(): string | undefined {
  if (process.getuid?.() !== 0) return "needs root";
  if (!existsSync("/sys/kernel/btf/vmlinux")) return "the kernel has no BTF";
  return undefined;
}

/** `falco run` from the sources on this machine's system calls, and the alerts it has given so far. */
export class LiveFalco {
  readonly alerts: LiveAlert[] = [];
  readonly child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly directory = mkdtempSync(join(tmpdir(), "falco-live-"));
  readonly #pumps: Promise<unknown>[];
  #errors = "";

  private constructor(words: readonly string[], environment: Readonly<Record<string, string>>) {
    const options = [
      "webserver.enabled=false",
      "syslog_output.enabled=false",
      "json_output=true",
      "engine.modern_ebpf.buf_size_preset=1",
    ].flatMap((option) => ["-o", option]);
    this.child = Bun.spawn([process.execPath, join(ROOT, "cmd", "main.ts"), "run", ...options, ...words], {
      cwd: ROOT,
      env: { ...process.env, ...environment },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    // A test that fails before it stops its own must not leave it watching the machine.
    endWithTests(this.child);
    this.#pumps = [this.#readAlerts(), this.#readErrors()];
  }

  /**
   * Starts it with more words for the command line, and rules (a YAML text) besides a marker of its own, and
   * waits until it alerts. Without `rules` it runs with those that it carries.
   */
  static async start(
    words: readonly string[] = [],
    rules?: string,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<LiveFalco> {
    const scratch = mkdtempSync(join(tmpdir(), "falco-rules-"));
    const file = join(scratch, "rules.yaml");
    if (rules !== undefined) writeFileSync(file, rules);
    const falco = new LiveFalco([...words, ...(rules === undefined ? [] : ["-r", file])], environment);
    const ready = await falco.#until(
      () => falco.#errors.includes("Opening 'syscall' source"),
      START_TIMEOUT_MS,
    );
    rmSync(scratch, { recursive: true, force: true });
    if (ready) return falco;
    const said = await falco.stop();
    throw new Error(`falco does not start: ${said}`);
  }

  /** The first alert for which it holds, from now or before; fails with what there was when none comes. */
  async alert(wanted: (alert: LiveAlert) => boolean): Promise<LiveAlert> {
    let found: LiveAlert | undefined;
    await this.#until(() => {
      found = this.alerts.find(wanted);
      return found !== undefined;
    }, ALERT_TIMEOUT_MS);
    if (found) return found;
    const seen = this.alerts.slice(-5).map(({ rule, output }) => `${rule}: ${output}`);
    throw new Error(`no such alert came. Seen:\n${seen.join("\n")}\n${this.#errors}`);
  }

  /** Does something again and again until it has led to an alert: for the time in which the probe starts. */
  async provoke(action: () => unknown, wanted: (alert: LiveAlert) => boolean): Promise<LiveAlert> {
    const end = Date.now() + START_TIMEOUT_MS;
    while (!this.alerts.some(wanted) && this.child.exitCode === null && Date.now() < end) {
      await action();
      await Bun.sleep(200);
    }
    return this.alert(wanted);
  }

  /** Ends it and returns what it said on standard error. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<string> {
    this.child.kill(signal);
    await this.child.exited;
    await Promise.all(this.#pumps);
    rmSync(this.directory, { recursive: true, force: true });
    return this.#errors;
  }

  async #until(holds: () => boolean, milliseconds: number): Promise<boolean> {
    const end = Date.now() + milliseconds;
    while (!holds() && this.child.exitCode === null && Date.now() < end) await Bun.sleep(20);
    return holds();
  }

  async #readAlerts(): Promise<void> {
    let rest = "";
    for await (const chunk of this.child.stdout) {
      const lines = (rest + Buffer.from(chunk).toString()).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (line.startsWith("{")) this.alerts.push(JSON.parse(line) as LiveAlert);
    }
  }

  async #readErrors(): Promise<void> {
    for await (const chunk of this.child.stderr) this.#errors += Buffer.from(chunk).toString();
  }
}
