import { afterAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { hierarchyOf, makeGroup, removeGroup } from "./control-groups.ts";
import { whyNoEbpf } from "./live-recorder.ts";
import { expectSameAlerts, WAYS, watchedIn } from "./two-watchers.ts";

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
  const hierarchy = hierarchyOf() ?? "";
  const there = join(hierarchy, "docker", IDS[0]);
  const watched = watchedIn("places", (dir, open) => {
    writeFileSync(join(dir, "file"), "");
    makeGroup(there);
    return open(RULES, options).run(process.execPath, WORKLOAD, dir, hierarchy, ...IDS);
  });

  afterAll(() => removeGroup(there));

  test("the same alerts come in the same order as without it", () => {
    const { watchers } = watched;
    expectSameAlerts(watchers, RULES);
    const containers = new Set(watchers.all.alerts.map((alert) => alert.split(" ").at(-1)));
    expect(containers).toEqual(new Set(["host", ...IDS.map((id) => id.slice(0, 12))]));
  });

  test("what no rule wants does not leave the kernel", () => {
    const { watchers } = watched;
    expect(watchers.filtered.events).toBeLessThan(watchers.all.events - 500);
  });
});
