// Makes one system call over and over and prints the nanoseconds that each took.
import { call, text } from "../e2e/workload/calls.ts";

const [name = "getppid", times = "1000"] = process.argv.slice(2);
const AT_FDCWD = -100;
const path = text("/etc/hostname");
const UNUSED_FD = 12345;
const CALLS: Readonly<Record<string, () => void>> = {
  getppid: () => void call("getppid"),
  close: () => void call("close", UNUSED_FD),
  "openat+close": () => void call("close", call("openat", AT_FDCWD, path, 0)),
};
const one = CALLS[name]!;
const count = Number(times);
for (let i = 0; i < count / 10; i++) one();
const before = Bun.nanoseconds();
for (let i = 0; i < count; i++) one();
console.log((Bun.nanoseconds() - before) / count);
