import { describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pushDown } from "../../core/engine/push-down.ts";
import { SYSCALLS } from "../../core/schema/syscalls.ts";
import { rulesetOf } from "../harness/synthetic-events.ts";
import { LiveRecorder, whyNoEbpf } from "./live-recorder.ts";
import { expectSameAlerts, watchedIn } from "./two-watchers.ts";

const WORKLOAD = join(import.meta.dir, "workload", "paths.ts");
const rulesOn = (dir: string): readonly string[] => [
  `evt.type in (chmod, fchmodat) and evt.arg.filename startswith ${dir}/kept/`,
  `evt.type in (mkdir, mkdirat) and fs.path.name startswith ${dir}/kept`,
  `evt.type in (mkdir, mkdirat) and evt.failed = true and evt.arg.path = ${dir}/kept`,
  `evt.type = symlink and not evt.arg.target startswith ${dir}/`,
  `evt.type in (unlink, rename) and fs.path.source pmatch (${dir}/kept, /etc)`,
  `evt.type = renameat2 and evt.arg.oldpath in (${dir}/kept/file, kept/file, ${dir}/other/file)`,
  `evt.type = openat and evt.res = ENOENT and fd.name startswith ${dir}/kept and user.uid = 0`,
  `evt.type = open and evt.failed = true and not fd.name startswith ${dir}/other`,
];

const reason = whyNoEbpf();
if (reason) console.log(`skipped: push-down by paths, ${reason}`);

describe.skipIf(reason !== undefined)("push-down by paths", () => {
  const watched = watchedIn("paths", (dir, open) => {
    for (const name of ["kept", "other", "lost"]) {
      mkdirSync(join(dir, name));
      writeFileSync(join(dir, name, "file"), "");
    }
    return open(rulesOn(dir)).run(process.execPath, WORKLOAD, dir);
  });
  const { dir } = watched;
  const rules = rulesOn(dir);

  test("the same alerts come in the same order as without it", () => {
    expectSameAlerts(watched.watchers, rules);
  });

  test("what no rule wants does not leave the kernel", () => {
    const { watchers } = watched;
    expect(watchers.filtered.events).toBeLessThan(watchers.all.events - 1000);
  });

  test("what is looked at is what is recorded, though another thread changes it", async () => {
    const code = SYSCALLS.find(({ name }) => name === "chmod")!.code;
    const filters = pushDown([code], rulesetOf(rules[0]!).rules);
    const recorder = new LiveRecorder(["chmod", "sched_process_exit"], { filters });
    try {
      const { pid } = await recorder.run([process.execPath, WORKLOAD, dir, "changing"]);
      const paths = recorder.events
        .filter(({ tid, name }) => tid === pid && name === "chmod")
        .map(({ params }) => String(params.filename));
      expect(paths.length).toBeGreaterThan(100);
      expect(paths.filter((path) => !path.startsWith(`${dir}/kept/`))).toEqual([]);
    } finally {
      recorder.source.close();
    }
  }, 60_000);
});
