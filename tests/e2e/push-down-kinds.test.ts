import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { whyNoEbpf } from "./live-recorder.ts";
import { expectSameAlerts, TwoWatchers } from "./two-watchers.ts";

const WORKLOAD = join(import.meta.dir, "workload", "kinds.ts");
const RULES = [
  "evt.type = lseek and fd.type in (ipv4, ipv6)",
  "evt.type = lseek and fd.typechar = 4",
  "evt.type = lseek and fd.typechar = f and user.uid = 0",
  "evt.type = lseek and fd.type = memfd",
  "evt.type = lseek and fd.type = unix and evt.failed = true",
  "evt.type = ioctl and fd.type = ipv6",
  "evt.type = ioctl and fd.type = directory",
  "evt.type = ioctl and fd.l4proto = udp",
  "evt.type = ioctl and fd.sport exists and fd.sockfamily = ip",
  "evt.type = flock and fd.type in (pipe, netlink)",
  "evt.type = read and fd.type = file and proc.name in (cat, sh)",
  "evt.type = readv and fd.type = file",
  "evt.type = readv and fd.typechar = p",
  "evt.type = pwrite and fd.type = directory",
  "evt.type = write and fd.typechar = u and fd.type != userfaultfd",
  "evt.type in (getdents, getdents64) and fd.type = directory",
  "evt.type = listen and fd.type = ipv4",
  "evt.type = fchmod and not fd.type in (file, directory)",
];

/** Reading and writing of the whole machine goes through it. */
const BUFFER = 256 << 20;

const reason = whyNoEbpf();
if (reason) console.log(`skipped: push-down by kinds of descriptors, ${reason}`);

/** As most machines do it, without plain loads of kernel memory, and as machines need it where a new task does not return from clone. */
const WAYS = [{}, { helperReads: true }, { childAtFork: true }];

describe.skipIf(reason !== undefined).each(WAYS)("push-down by kinds of descriptors, %o", (options) => {
  const dir = mkdtempSync(join(tmpdir(), "falco-kinds-"));
  let watchers: TwoWatchers;

  beforeAll(async () => {
    writeFileSync(join(dir, "file"), "a\nb\nc\n");
    Bun.spawnSync(["mkfifo", join(dir, "fifo")]);
    watchers = new TwoWatchers(RULES, { bufferSize: BUFFER, ...options }, true);
    expect(await watchers.run(process.execPath, WORKLOAD, dir)).toBe(0);
    expect(watchers.lost).toBe(0);
  }, 180_000);

  afterAll(() => {
    watchers?.close();
    rmSync(dir, { recursive: true, force: true });
  });

  test("the same alerts come in the same order as without it", () => {
    expectSameAlerts(watchers, RULES, true);
  });

  test("what no rule wants does not leave the kernel", () => {
    expect(watchers.filtered.events).toBeLessThan(0.7 * watchers.all.events);
  });
});
