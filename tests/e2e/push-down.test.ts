import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EbpfSource } from "../../core/capture/ebpf/ebpf-source.ts";
import { Engine } from "../../core/engine/engine.ts";
import { pushDown } from "../../core/engine/push-down.ts";
import { loadRuleset, type Ruleset } from "../../core/engine/ruleset.ts";
import { selectSyscalls, syscallsOfEvents } from "../../core/engine/selection.ts";
import { State } from "../../core/state/state.ts";
import { whyNoEbpf } from "./live-recorder.ts";

const WORKLOADS = ["every-syscall.ts", "thin.ts"].map((name) => join(import.meta.dir, "workload", name));
const OWN_RULES = join(import.meta.dir, "..", "..", "core", "library", "rules", "falco_rules.yaml");
const RULES = [
  "evt.type in (open, openat, openat2) and fd.num >= 0 and fd.typechar = f",
  "evt.type in (open, openat) and evt.res = ENOENT",
  "evt.type = connect and (evt.rawres >= 0 or evt.res = EINPROGRESS)",
  "evt.type in (unlink, unlinkat) and evt.failed = true",
  "evt.type = mount and evt.res != SUCCESS",
  "evt.type = dup3 and evt.rawres >= 0",
  "evt.type in (execve, execveat) and evt.res = ENOENT",
  "evt.type = chmod and evt.res = SUCCESS and fd.name exists",
  "evt.type = close and fd.name endswith /file",
  "evt.type in (sendto, sendmsg) and fd.l4proto = udp",
  "evt.type = shutdown and fd.l4proto = tcp",
  "evt.type = fchmod and fd.name endswith /file",
  'evt.type in (chmod, fchmodat) and evt.arg.mode contains "S_IRUSR"',
  "evt.type in (kill, tgkill) and evt.arg.sig in (0, SIGCHLD, SIGUSR1, SIGCONT)",
  "evt.type = mprotect and evt.arg.prot contains PROT_EXEC",
  "evt.type = setsockopt and evt.arg.optname = SO_REUSEADDR and evt.rawres = 0",
  "evt.type = lseek and evt.arg.whence = SEEK_END",
  "evt.type = renameat2 and evt.arg.flags contains RENAME_NOREPLACE",
].map(
  (condition, i) =>
    `- {rule: "rule ${i}", desc: d, condition: ${JSON.stringify(condition)}, output: o, priority: INFO}`,
);

const reason = whyNoEbpf();
if (reason) console.log(`skipped: push-down on live events, ${reason}`);

interface Watcher {
  readonly source: EbpfSource;
  readonly engine: Engine<Ruleset["rules"][number]>;
  /** `rule tid result` of each match of the watched processes. */
  readonly alerts: string[];
  events: number;
}

describe.skipIf(reason !== undefined)("push-down on live events", () => {
  const dirs: string[] = [];
  const pids = new Set<number>();
  let all: Watcher;
  let filtered: Watcher;

  async function watch(filters: boolean): Promise<Watcher> {
    const content = `${await Bun.file(OWN_RULES).text()}\n${RULES.join("\n")}\n`;
    const { ruleset } = loadRuleset({
      files: [{ name: "rules", content }],
      selections: [],
      priority: "Debug",
      firstOnly: false,
      additions: [],
      staticFields: {},
      sources: ["syscall"],
    });
    const base = { custom_set: [], repair: false, all: true };
    const traced = selectSyscalls(syscallsOfEvents(ruleset!.codes("syscall")), base).codes;
    const alerts: string[] = [];
    const engine = new Engine(new State(), ruleset!, (rule, { event }) => {
      if (pids.size === 0 || pids.has(event.tid)) alerts.push(`${event.tid} ${rule.name} ${event.int(0, 0)}`);
    });
    const source = new EbpfSource({
      traced,
      bufferSize: 64 << 20,
      ...(filters ? { filters: pushDown(traced, ruleset!.rules) } : {}),
    });
    return { source, engine, alerts, events: 0 };
  }

  beforeAll(async () => {
    all = await watch(false);
    filtered = await watch(true);
    for (const watcher of [all, filtered]) watcher.source.open(watcher.engine);
    for (const workload of WORKLOADS) {
      const dir = mkdtempSync(join(tmpdir(), "falco-push-"));
      dirs.push(dir);
      const child = Bun.spawn([process.execPath, workload, dir], { stdout: "ignore", stderr: "ignore" });
      pids.add(child.pid);
      await child.exited;
    }
    for (const watcher of [all, filtered]) {
      for (let count = -1; count !== 0; watcher.events += count)
        count = watcher.source.pump(watcher.engine, 0);
    }
  }, 180_000);

  afterAll(() => {
    for (const watcher of [all, filtered]) watcher?.source.close();
    for (const dir of dirs) rmSync(dir, { recursive: true, force: true });
  });

  test("the same alerts come in the same order as without it", () => {
    expect(all.alerts.length).toBeGreaterThan(50);
    expect(new Set(all.alerts.map((alert) => alert.replace(/^\d+ (.*) -?\d+$/, "$1"))).size).toBeGreaterThan(
      8,
    );
    expect(filtered.alerts).toEqual(all.alerts);
  });

  test("fewer events leave the kernel", () => {
    expect(filtered.events).toBeLessThan(all.events);
  });
});
