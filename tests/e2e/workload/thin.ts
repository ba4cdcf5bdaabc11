// Does one call after the other on purpose, with arguments that the test of the live probe knows.
import { join } from "node:path";
import { call, memory, text, words } from "./calls.ts";

const dir = process.argv[2]!;
const AT_FDCWD = -100;
const O_RDWR = 2;
const O_CREAT = 0o100;
const O_CLOEXEC = 0o2000000;
const file = join(dir, "file");

const fd = call("openat", AT_FDCWD, text(file), O_RDWR | O_CREAT | O_CLOEXEC, 0o640);
call("close", fd);
call("openat", AT_FDCWD, text(join(dir, "nothing")), 0);
const RESOLVE_NO_XDEV_NO_SYMLINKS = 5n;
call("openat2", AT_FDCWD, text(file), words(0n, 0n, RESOLVE_NO_XDEV_NO_SYMLINKS), 24);
call("rename", text(file), text(`${file}2`));
call("chmod", text(`${file}2`), 0o4711);
call("unlinkat", AT_FDCWD, text(`${file}2`), 0);
call("unlink", text(`${file}2`));
call("dup3", 1, 700, O_CLOEXEC);
call("fcntl", 1, 0, 800);

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;

/** A server and a client of the address, connected. */
function connectTo(family: number, address: Buffer): void {
  const server = call("socket", family, SOCK_STREAM, 0);
  call("bind", server, memory(address), address.length);
  call("listen", server, 1);
  const length = new Int32Array([128]);
  const bound = Buffer.alloc(128);
  call("getsockname", server, memory(bound), memory(new Uint8Array(length.buffer)));
  const client = call("socket", family, SOCK_STREAM, 0);
  call("connect", client, memory(bound), length[0]!);
  call("accept4", server, 0, 0, O_CLOEXEC);
}

const inet = Buffer.alloc(16);
inet.writeUInt16LE(AF_INET);
inet.set([127, 0, 0, 1], 4);
connectTo(AF_INET, inet);
const inet6 = Buffer.alloc(28);
inet6.writeUInt16LE(AF_INET6);
inet6[23] = 1;
connectTo(AF_INET6, inet6);
const unix = (path: string): Buffer => Buffer.concat([Buffer.from([AF_UNIX, 0]), Buffer.from(path)]);
connectTo(AF_UNIX, unix(`${join(dir, "socket")}\0`));
connectTo(AF_UNIX, unix(`\0falco-${process.pid}`));

const PR_SET_NAME = 15;
const PTRACE_ATTACH = 16;
call("prctl", PR_SET_NAME, text("renamed"));
call("chdir", text(dir));
call("setresuid", 0, 0, 0);
call("ptrace", PTRACE_ATTACH, 0x3ffffff, 0, 0);
call(
  "execve",
  text(join(dir, "missing")),
  words(text("missing"), text("one"), text("two"), 0),
  words(text("KEY=value"), 0),
);
process.exit(7);
