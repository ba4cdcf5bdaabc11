import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { whyNoEbpf } from "./live-recorder.ts";
import { expectSameAlerts, TwoWatchers, WAYS } from "./two-watchers.ts";

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
  const dir = mkdtempSync(join(tmpdir(), "falco-who-"));
  let watchers: TwoWatchers;

  beforeAll(async () => {
    chmodSync(dir, 0o777);
    writeFileSync(join(dir, "file"), "");
    watchers = new TwoWatchers(RULES, options);
    expect(await watchers.run(process.execPath, WORKLOAD, dir)).toBe(0);
    expect(watchers.lost).toBe(0);
  }, 180_000);

  afterAll(() => {
    watchers?.close();
    rmSync(dir, { recursive: true, force: true });
  });

  test("the same alerts come in the same order as without it", () => {
    expectSameAlerts(watchers, RULES);
  });

  test("what no rule wants does not leave the kernel", () => {
    expect(watchers.filtered.events).toBeLessThan(watchers.all.events / 2 + 5000);
  });
});
