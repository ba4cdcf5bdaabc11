import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hierarchyOf, makeGroup, removeGroup } from "./control-groups.ts";
import { whyNoEbpf } from "./live-recorder.ts";
import { expectSameAlerts, TwoWatchers, WAYS } from "./two-watchers.ts";

const WORKLOAD = join(import.meta.dir, "workload", "places.ts");
const IDS = [randomBytes(32).toString("hex"), randomBytes(32).toString("hex")] as const;
const RULES = [
  "evt.type in (chmod, fchmodat) and container.id != host",
  "evt.type in (mkdir, mkdirat) and container.id = host",
  `evt.type in (unlink, unlinkat) and container.id = ${IDS[0].slice(0, 12)} and user.uid = 0`,
  "evt.type = openat and evt.res = ENOENT and not container.id = host",
];

const reason = whyNoEbpf() ?? (hierarchyOf() ? undefined : "there are no control groups to use");
if (reason) console.log(`skipped: push-down by containers, ${reason}`);

describe.skipIf(reason !== undefined).each(WAYS)("push-down by containers, %o", (options) => {
  const dir = mkdtempSync(join(tmpdir(), "falco-places-"));
  const hierarchy = hierarchyOf() ?? "";
  const there = join(hierarchy, "docker", IDS[0]);
  let watchers: TwoWatchers;

  beforeAll(async () => {
    writeFileSync(join(dir, "file"), "");
    makeGroup(there);
    watchers = new TwoWatchers(RULES, options);
    expect(await watchers.run(process.execPath, WORKLOAD, dir, hierarchy, ...IDS)).toBe(0);
    expect(watchers.lost).toBe(0);
  }, 180_000);

  afterAll(() => {
    watchers?.close();
    removeGroup(there);
    rmSync(dir, { recursive: true, force: true });
  });

  test("the same alerts come in the same order as without it", () => {
    expectSameAlerts(watchers, RULES);
    const containers = new Set(watchers.all.alerts.map((alert) => alert.split(" ").at(-1)));
    expect(containers).toEqual(new Set(["host", ...IDS.map((id) => id.slice(0, 12))]));
  });

  test("what no rule wants does not leave the kernel", () => {
    expect(watchers.filtered.events).toBeLessThan(watchers.all.events - 500);
  });
});
