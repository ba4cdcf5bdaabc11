import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endWithTests } from "../harness/children.ts";
import { LiveFalco, whyNoLive } from "../harness/live-falco.ts";
import { eventually } from "../harness/programs.ts";

const reason = whyNoLive();
if (reason) console.log(`skipped: recovery after losses, ${reason}`);

const RULES = `
- rule: Marker opened
  desc: a file that is not there is asked for
  condition: evt.type in (open, openat) and evt.arg.name endswith recovery-marker
  output: "%proc.cmdline %proc.cwd %proc.pname"
  priority: INFO
`;

/** Opens and closes more often than the smallest buffer holds. */
const FLOOD = "i=0; while [ $i -lt 40000 ]; do : < /dev/null; i=$((i+1)); done";
/** Asks for the marker again and again, without a new process. */
const ASK = "cd /usr; while :; do { : < recovery-marker; } 2> /dev/null; read -t 0.2 < /dev/zero; done";

/** Whether the process has become one that asks for the marker. */
const asks = (pid: number): boolean =>
  readFileSync(`/proc/${pid}/cmdline`, "utf8").startsWith(`bash\0-c\0${ASK}`);

test.skipIf(reason !== undefined)(
  "what was missed with lost events is read from /proc: a program's change, and a new process",
  async () => {
    const dir = mkdtempSync(join(tmpdir(), "falco-recovery-"));
    const go = join(dir, "go");
    const waiting = `while [ ! -e ${go} ]; do sleep 0.05; done; exec bash -c '${ASK}' changed`;
    const changing = Bun.spawn(["bash", "-c", waiting], { cwd: dir });
    endWithTests(changing);
    const falco = await LiveFalco.start([], RULES);
    await falco.provoke(
      () => Bun.spawnSync(["sh", "-c", ": < recovery-marker"], { stderr: "ignore" }),
      ({ output }) => output.includes("sh -c : < recovery-marker"),
    );
    falco.child.kill("SIGSTOP");
    const flood = (): void => void Bun.spawnSync(["sh", "-c", FLOOD]);
    flood();
    writeFileSync(go, "");
    const fresh = Bun.spawn(["bash", "-c", ASK, "fresh"]);
    endWithTests(fresh);
    try {
      await eventually(() => asks(changing.pid) && asks(fresh.pid));
      flood();
      falco.child.kill("SIGCONT");
      for (const name of ["changed", "fresh"]) {
        const told = await falco.alert(({ output }) => output.includes(`done ${name} /usr/`));
        expect(told.output).toContain("bash -c cd /usr;");
      }
    } finally {
      for (const child of [changing, fresh]) child.kill();
      falco.child.kill("SIGCONT");
      expect(await falco.stop()).toContain("Events were lost: what runs was read anew from /proc");
    }
    rmSync(dir, { recursive: true, force: true });
  },
  180_000,
);
