import { describe, expect, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { whyNoEbpf } from "./live-recorder.ts";
import { expectSameAlerts, WAYS, watchedIn } from "./two-watchers.ts";

const WORKLOAD = join(import.meta.dir, "workload", "who.ts");
/** What the workload's own processes are called. */
const BUN = basename(process.execPath).slice(0, 15);
const RULES = [
  "evt.type in (chmod, fchmodat) and user.uid = 1000",
  "evt.type in (chmod, fchmodat) and user.uid > 65000",
  "evt.type in (chmod, fchmodat) and proc.name in (chmod, renamed, selfmade)",
  "evt.type in (chmod, fchmodat) and user.uid = 5",
  `evt.type in (mkdir, mkdirat) and not proc.name in (${BUN}, nginx)`,
  "evt.type in (unlink, unlinkat) and (user.uid in (1000, 5) or proc.name startswith r)",
  `evt.type = openat and evt.res = ENOENT and user.uid != 0 and proc.name = ${BUN}`,
];

const reason = whyNoEbpf();
if (reason) console.log(`skipped: push-down by users and programs, ${reason}`);

describe.skipIf(reason !== undefined).each(WAYS)("push-down by users and programs, %o", (options) => {
  const watched = watchedIn("who", (dir, open) => {
    chmodSync(dir, 0o777);
    writeFileSync(join(dir, "file"), "");
    return open(RULES, options).run(process.execPath, WORKLOAD, dir);
  });

  test("the same alerts come in the same order as without it", () => {
    expectSameAlerts(watched.watchers, RULES);
  });

  test("what no rule wants does not leave the kernel", () => {
    const { watchers } = watched;
    expect(watchers.filtered.events).toBeLessThan(watchers.all.events / 2 + 5000);
  });
});
