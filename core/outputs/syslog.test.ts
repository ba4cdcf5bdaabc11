import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import type { Subprocess } from "bun";
import { sampleAlert } from "../../tests/harness/alert.ts";
import { eventually, installed, Workspace } from "../../tests/harness/programs.ts";
import type { Message } from "./output.ts";
import { syslogOutput } from "./syslog.ts";

const rsyslogd = installed("rsyslogd", "rsyslog");

/** A real daemon on a socket of its own that writes facility, severity, tag and text of what it gets. */
async function startRsyslog(space: Workspace): Promise<Subprocess> {
  await Bun.write(
    space.file("rsyslog.conf"),
    `global(workDirectory="${space.path}" maxMessageSize="64k")
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="${space.file("log")}" RateLimit.Interval="0")
template(name="line" type="string" string="%syslogfacility-text%|%syslogseverity-text%|%syslogtag%|%msg%\\n")
action(type="omfile" file="${space.file("out")}" template="line" flushOnTXEnd="on")
`,
  );
  const daemon = space.spawn([rsyslogd!, "-n", "-f", space.file("rsyslog.conf"), "-i", space.file("pid")]);
  if (!(await eventually(() => existsSync(space.file("log"))))) throw new Error("rsyslogd did not start");
  return daemon;
}

const received = (space: Workspace): string[] =>
  existsSync(space.file("out")) ? readFileSync(space.file("out"), "utf8").split("\n").slice(0, -1) : [];

test.skipIf(!rsyslogd)("syslogOutput reaches a real rsyslog with severity, tag and text", async () => {
  await using space = new Workspace();
  await startRsyslog(space);
  const output = syslogOutput(space.file("log"));
  const message = (priority: "Emergency" | "Notice" | "Debug", text: string): Message => ({
    alert: sampleAlert({ priority }),
    text,
  });
  const batch = [message("Emergency", "one"), message("Notice", "two: 100% é"), message("Debug", "three")];
  expect(await output.write(batch)).toEqual({ delivered: 3 });
  expect(await eventually(() => received(space).length === 3)).toBe(true);
  expect(received(space)).toEqual([
    "user|emerg|falco:| one",
    "user|notice|falco:| two: 100% é",
    "user|debug|falco:| three",
  ]);
  await output.close();
});

test.skipIf(!rsyslogd)("syslogOutput delivers a flood whole, faster than the daemon reads", async () => {
  await using space = new Workspace();
  await startRsyslog(space);
  const output = syslogOutput(space.file("log"));
  const messages = Array.from({ length: 5000 }, (_, i) => ({
    alert: sampleAlert(),
    text: `line ${i} ${"x".repeat(300)}`,
  }));
  for (let i = 0; i < messages.length; i += 128) {
    const part = messages.slice(i, i + 128);
    expect(await output.write(part)).toEqual({ delivered: part.length });
  }
  expect(await eventually(() => received(space).length === messages.length)).toBe(true);
  await output.close();
});

test.skipIf(!rsyslogd)("syslogOutput connects again after the daemon restarted", async () => {
  await using space = new Workspace();
  const daemon = await startRsyslog(space);
  const output = syslogOutput(space.file("log"));
  const one = [{ alert: sampleAlert(), text: "before" }];
  await output.write(one);
  expect(await eventually(() => received(space).length === 1)).toBe(true);
  daemon.kill("SIGTERM");
  // Its socket's name goes first, while it still takes what comes over connections that were made before.
  await daemon.exited;
  expect((await output.write(one)).delivered).toBe(0);
  await startRsyslog(space);
  expect(await output.write([{ alert: sampleAlert(), text: "after" }])).toEqual({ delivered: 1 });
  expect(await eventually(() => received(space).at(-1) === "user|warning|falco:| after")).toBe(true);
  await output.close();
});

test("syslogOutput without a daemon loses at once and says why", async () => {
  const output = syslogOutput("/nonexistent/log");
  const delivery = await output.write([{ alert: sampleAlert(), text: "a" }]);
  expect(delivery.delivered).toBe(0);
  expect(String(delivery.error)).toContain("ENOENT");
  await output.close();
});
