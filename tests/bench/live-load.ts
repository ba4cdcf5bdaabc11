// Makes one kind of call over and over and prints the nanoseconds that one took, in the fastest of several rounds.
import { ptr } from "bun:ffi";
import { errno, libc } from "../../core/ffi/libc.ts";
import { SYSCALLS } from "../../core/schema/syscalls.ts";

const [kind = "", total = "0"] = process.argv.slice(2);
/** Short ones: on a busy machine some are undisturbed. */
const ROUNDS = 2000;
const calls = Math.ceil(Number(total) / ROUNDS);

const AT_FDCWD = -100;
const arch = process.arch === "arm64" ? "aarch64" : "x86_64";
const openat = SYSCALLS.find(({ name }) => name === "openat")![arch];
const read = SYSCALLS.find(({ name }) => name === "read")![arch];
const { syscall, close } = libc();
const path = Buffer.from("/dev/zero\0");
const at = ptr(path);
const byte = new Uint8Array(8);
const into = ptr(byte);
const zero = Number(syscall(openat, AT_FDCWD, at, 0, 0, 0, 0));
if (zero < 0) throw new Error(`openat: errno ${errno()}`);

const KINDS: Readonly<Record<string, () => void>> = {
  "open+close": () => {
    for (let i = 0; i < calls; i++) close(Number(syscall(openat, AT_FDCWD, at, 0, 0, 0, 0)));
  },
  "read of 1 byte": () => {
    for (let i = 0; i < calls; i++) syscall(read, zero, into, 1, 0, 0, 0);
  },
};

let best = Number.POSITIVE_INFINITY;
for (let round = 0; round < ROUNDS; round++) {
  const start = Bun.nanoseconds();
  KINDS[kind]!();
  best = Math.min(best, (Bun.nanoseconds() - start) / calls);
}
console.log(best);
