import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { whyNoEbpf } from "./live-recorder.ts";
import { expectSameAlerts, TwoWatchers, WAYS, watchedIn } from "./two-watchers.ts";

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

describe.skipIf(reason !== undefined).each(WAYS)("push-down by kinds of descriptors, %o", (options) => {
  const watched = watchedIn("kinds", (dir, open) => {
    writeFileSync(join(dir, "file"), "a\nb\nc\n");
    Bun.spawnSync(["mkfifo", join(dir, "fifo")]);
    return open(RULES, { bufferSize: BUFFER, ...options }, true).run(process.execPath, WORKLOAD, dir);
  });

  test("the same alerts come in the same order as without it", () => {
    expectSameAlerts(watched.watchers, RULES, true);
  });

  test("what no rule wants does not leave the kernel", () => {
    const { watchers } = watched;
    expect(watchers.filtered.events).toBeLessThan(0.7 * watchers.all.events);
  });
});

/** What has to be so old is not taken for what was made while falco started. */
const OLD_MS = 2500;

describe.skipIf(reason !== undefined)("push-down by kinds of descriptors, from before", () => {
  const rules = ["evt.type = read and fd.type in (directory, ipv4)"];
  const scriptIn = (dir: string): string =>
    [
      `exec 3<${dir}/file 4<>${dir}/fifo 5<${dir}`,
      "read go",
      "dd bs=1 count=1000 </dev/zero >/dev/null 2>&1",
      "dd bs=1 count=1000 <&3 >/dev/null 2>&1",
      "echo a >&4; dd bs=1 count=2 <&4 >/dev/null 2>&1",
      "(dd bs=1 count=1000 <&3 2>/dev/null) | cat >/dev/null",
      "for i in 1 2 3; do dd bs=1 <&5 2>/dev/null; read line <&5; done; true",
    ].join("\n");
  const watched = watchedIn("kinds", async (dir, open) => {
    writeFileSync(join(dir, "file"), Buffer.alloc(4000));
    Bun.spawnSync(["mkfifo", join(dir, "fifo")]);
    const command = ["sh", "-c", scriptIn(dir)];
    const child = Bun.spawn(command, { stdin: "pipe", stdout: "ignore", stderr: "inherit" });
    await Bun.sleep(OLD_MS);
    const watchers = open(rules, { bufferSize: BUFFER }, true);
    child.stdin.write("go\n");
    await child.stdin.end();
    return watchers.watch(child);
  });

  test("the same alerts come as without it, of what it had and what its children have from it", () => {
    expectSameAlerts(watched.watchers, rules, true);
    expect(watched.watchers.alertsOf(0).length).toBe(6);
  });

  test("what no rule wants does not leave the kernel, whoever opened it", () => {
    const { watchers } = watched;
    expect(watchers.filtered.events).toBeLessThan(watchers.all.events - 3000);
  });
});

/** For what a process was told to do, and for its events to come. */
const STEP_MS = 300;

describe.skipIf(reason !== undefined)("push-down by kinds of descriptors, on and off", () => {
  test("what became of descriptors while nobody followed is not taken for known", async () => {
    const dir = mkdtempSync(join(tmpdir(), "falco-kinds-"));
    const rules = ["evt.type = lseek and fd.type = ipv4"];
    writeFileSync(join(dir, "file"), "");
    const watchers = new TwoWatchers(rules, { bufferSize: BUFFER }, true);
    try {
      const command = [process.execPath, WORKLOAD, dir, "steps"];
      const child = Bun.spawn(command, { stdin: "pipe", stdout: "ignore", stderr: "inherit" });
      const ended = watchers.watch(child);
      for (const follows of [true, false, true]) {
        watchers.filter(follows);
        child.stdin.write("go\n");
        await child.stdin.flush();
        await Bun.sleep(STEP_MS);
      }
      await child.stdin.end();
      expect(await ended).toBe(0);
      expectSameAlerts(watchers, rules);
      expect(watchers.filtered.events).toBeLessThan(watchers.all.events - 100);
    } finally {
      watchers.close();
      rmSync(dir, { recursive: true, force: true });
    }
  }, 60_000);
});
