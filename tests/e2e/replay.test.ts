import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endWithTests } from "../harness/children.ts";
import { FALCO, falco } from "../harness/falco-cli.ts";
import { type LiveAlert, LiveFalco, whyNoLive } from "../harness/live-falco.ts";
import { eventually } from "../harness/programs.ts";
import { kernelObjectsOf } from "./kernel-objects.ts";

const WORKLOAD = join(import.meta.dir, "workload", "thin.ts");
const TYPES =
  "open, openat, openat2, close, execve, clone, clone3, vfork, procexit, connect, accept4, bind, socket, rename, chmod, unlink, unlinkat, dup3, fcntl, prctl, chdir, setresuid, ptrace";
const FIELDS =
  "%evt.type %evt.res %evt.arg[0] %fd.name %fd.type %proc.name %proc.cmdline %proc.exepath %proc.pname %proc.cwd %proc.pid %thread.tid %user.name %container.id";

const reason = whyNoLive();
if (reason) console.log(`skipped: live alerts and those of a recording, ${reason}`);

/** What of alerts does not depend on when each of the two probes looked. */
const told = (alerts: readonly LiveAlert[], mark: string): string[] =>
  alerts
    .filter(({ output_fields }) => String(output_fields["proc.cmdline"]).endsWith(mark))
    .map(({ rule, output_fields: { "evt.time": _, ...fields } }) => JSON.stringify([rule, fields]))
    .sort();

test.skipIf(reason !== undefined)(
  "a recording replays to the alerts that the same program gave live",
  async () => {
    const dir = mkdtempSync(join(tmpdir(), "falco-replay-"));
    const [capture, rules] = [join(dir, "all.scap"), join(dir, "rules.yaml")];
    const text = `
- rule: Workload seen
  desc: whatever the workload does
  condition: evt.type in (${TYPES}) and proc.cmdline contains "thin.ts ${dir}"
  output: "${FIELDS}"
  priority: INFO
`;
    writeFileSync(rules, text);
    const recorder = Bun.spawn([...FALCO, "record", capture], { stdout: "ignore", stderr: "ignore" });
    endWithTests(recorder);
    const live = await LiveFalco.start(["-o", "engine.modern_ebpf.buf_size_preset=4"], text);
    try {
      await eventually(() => kernelObjectsOf(recorder.pid).some(({ kind }) => kind === "prog_id"));
      // Both may still be reading /proc during the first runs.
      const runs = [1, 2, 3].map((run) => mkdtempSync(join(dir, `run${run}-`)));
      for (const run of runs) {
        await live.provoke(
          () => Bun.spawnSync([process.execPath, WORKLOAD, run]),
          ({ output_fields }) =>
            output_fields["evt.type"] === "procexit" && String(output_fields["proc.cmdline"]).endsWith(run),
        );
      }
      recorder.kill("SIGINT");
      await recorder.exited;
      await live.stop();
      const options = ["json_output=true", "engine.kind=replay", `engine.replay.capture_file=${capture}`];
      const again = falco(["-r", rules, ...options.flatMap((option) => ["-o", option])]);
      const alerts = again.stdout.split("\n").filter((line) => line.startsWith("{"));
      const [expected, replayed] = [live.alerts, alerts.map((line): LiveAlert => JSON.parse(line))].map(
        (some) => told(some, runs.at(-1)!),
      );
      expect(replayed).toEqual(expected!);
      expect(expected!.length).toBeGreaterThan(40);
    } finally {
      recorder.kill();
      await live.stop();
      rmSync(dir, { recursive: true, force: true });
    }
  },
  180_000,
);
