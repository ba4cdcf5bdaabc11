import { expect, test } from "bun:test";
import { closeSync, readSync } from "node:fs";
import { closeFd, openPipe } from "./ffi/pipe.ts";
import { createLog, formatLogLine, type LogOptions } from "./log.ts";

const options: LogOptions = {
  level: "info",
  stderr: true,
  syslog: false,
  iso8601: false,
  format: "text",
  libs: { enabled: true, severity: "notice" },
};
const time = new Date(2026, 10, 1, 1, 7, 46);

/** What a log writes to its standard error. */
function captured(work: (fd: number) => void): string {
  const { readEnd, writeEnd } = openPipe();
  work(writeEnd);
  closeFd(writeEnd);
  const bytes = new Uint8Array(1 << 20);
  let length = 0;
  for (let n = readSync(readEnd, bytes, 0, bytes.length, null); n > 0; ) {
    length += n;
    n = readSync(readEnd, bytes, length, bytes.length - length, null);
  }
  closeSync(readEnd);
  return Buffer.from(bytes.subarray(0, length)).toString();
}

test("formatLogLine prints the date as ctime does, as ISO 8601, and as JSON", () => {
  expect(formatLogLine("info", "text", time, options)).toBe("Sun Nov 01 01:07:46 2026: text");
  const utc = new Date(Date.UTC(2026, 10, 21, 1, 7, 46, 999));
  expect(formatLogLine("info", "text", utc, { ...options, iso8601: true })).toBe(
    "2026-11-21T01:07:46+0000: text",
  );
  expect(JSON.parse(formatLogLine("error", 'a "b"', utc, { ...options, format: "json" }))).toEqual({
    level: "error",
    message: 'a "b"',
    time: "2026-11-21T01:07:46.999Z",
  });
});

test("createLog leaves out what is below its level, and picks libs messages by their own", () => {
  const text = captured((fd) => {
    const log = createLog(options, { fd, now: () => time });
    log.log("info", "shown\n");
    log.log("debug", "hidden");
    log.libs("info", "hidden");
    log.libs("warning", "shown too");
    log.configure({ ...options, level: "error", libs: { enabled: false, severity: "trace" } });
    log.log("warning", "hidden");
    log.libs("fatal", "hidden");
    log.log("critical", "last");
  });
  const prefix = "Sun Nov 01 01:07:46 2026: ";
  expect(text).toBe(`${prefix}shown\n${prefix}[libs]: shown too\n${prefix}last\n`);
});

test("createLog sends to syslog with the level's severity", () => {
  const sent: [number, string][] = [];
  const syslog = { send: (severity: number, text: string) => void sent.push([severity, text]) };
  const log = createLog({ ...options, stderr: false, syslog: true }, { syslog });
  log.log("critical", "bad\n");
  log.log("info", "good");
  expect(sent).toEqual([
    [2, "bad"],
    [6, "good"],
  ]);
});

test("createLog neither waits for nor grows with a standard error that nobody reads", () => {
  const { readEnd, writeEnd } = openPipe();
  const log = createLog(options, { fd: writeEnd });
  for (let i = 0; i < 2000; i++) log.log("info", "x".repeat(1000));
  expect(log.lost).toBeGreaterThan(1000);
  closeSync(readEnd);
  log.log("info", "nobody is there any more");
  closeFd(writeEnd);
});
