// Makes calls whose arguments another thread changes all the time, and prints what each call really did: a "b" or a "c" for each.
import { type Pointer, ptr, toArrayBuffer } from "bun:ffi";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { check, errno, libc } from "../../../core/ffi/libc.ts";
import { SYSCALLS } from "../../../core/schema/syscalls.ts";

const [dir = "", kind = ""] = process.argv.slice(2);
const arch = process.arch === "arm64" ? "aarch64" : "x86_64";
const { mmap, syscall, close, recv, getsockname } = libc();
const number = (name: string): number => SYSCALLS.find((call) => call.name === name)![arch];

/** Memory that both threads see: | position to be changed u32 | the one that is being changed u32 | … | what calls take. */
const SIZE = 16 * 1024;
const START = 1024;
const memory = Number(mmap(0, SIZE, 3, 0x21, -1, 0));
if (memory <= 0) throw new Error(`mmap: errno ${errno()}`);
const bytes = Buffer.from(toArrayBuffer(memory as Pointer, 0, SIZE));
const position = new Int32Array(bytes.buffer, bytes.byteOffset, 2);
const at = memory + START;

const flipper = new Worker(new URL("./race-flipper.ts", import.meta.url));
await new Promise((ready) => {
  flipper.onmessage = ready;
  flipper.postMessage({ memory, size: SIZE });
});

const AT_FDCWD = -100;
const AF_UNIX = 1;
const AF_INET = 2;
const DATAGRAM = 2;
const LETTERS = "bc";
/** Calls of a kind: at least so many, and until the other thread was seen at work during so many of them, or it takes too long. */
const LEAST = 2000;
const RACED = 300;
const MOST = 200_000;
const call = (name: string, ...args: (number | bigint)[]): number => {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = args;
  return Number(syscall(number(name), a, b, c, d, e, f));
};

/** Puts `content` where calls take it from, lets its byte `index` change between two values, and makes calls. */
function race(content: Buffer, index: number, once: () => string): string {
  content.copy(bytes, START);
  Atomics.store(position, 0, START + index);
  while (Atomics.load(position, 1) !== START + index);
  let done = "";
  let raced = 0;
  while (done.length < LEAST || (raced < RACED && done.length < MOST)) {
    const before = bytes[START + index];
    done += once();
    if (bytes[START + index] !== before) raced++;
  }
  Atomics.store(position, 0, 0);
  while (Atomics.load(position, 1) !== 0);
  return done;
}

const text = (path: string): Buffer => Buffer.from(`${path}\0`);
/** The same file by a path of `length` bytes. */
const padded = (length: number): string => {
  const name = "/b";
  const missing = length - dir.length - name.length;
  return `${dir}${"/.".repeat(missing >> 1)}${missing % 2 ? "/" : ""}${name}`;
};

const makeFiles = (): void => {
  for (const letter of LETTERS) writeFileSync(join(dir, letter), "");
};
const gone = (): string => {
  const which = [...LETTERS].find(
    (letter) => call("faccessat", AT_FDCWD, ptr(text(join(dir, letter))), 0) !== 0,
  );
  if (which) writeFileSync(join(dir, which), "");
  return which ?? "";
};

function open(length: number): string {
  makeFiles();
  const path = text(padded(length));
  return race(path, path.length - 2, () => {
    const fd = call("openat", AT_FDCWD, at, 0, 0);
    if (fd < 0) return "";
    close(fd);
    return "x";
  });
}

function change(make: () => number): string {
  makeFiles();
  const path = text(join(dir, "b"));
  return race(path, path.length - 2, () => (make() === 0 ? gone() : ""));
}

/** An IPv4 address of this machine's loopback. */
function inet(port: number): Buffer {
  const address = Buffer.alloc(16);
  address.writeUInt16LE(AF_INET, 0);
  address.writeUInt16BE(port, 2);
  address.set([127, 0, 0, 1], 4);
  return address;
}

/** Two sockets that receive, at ports that differ in the last bit. */
function receivers(): { readonly port: number; readonly fds: readonly number[] } {
  for (let port = 20_000; port < 60_000; port += 2) {
    const fds = [port, port + 1].map((one) => {
      const fd = call("socket", AF_INET, DATAGRAM, 0);
      return call("bind", fd, ptr(inet(one)), 16) === 0 ? fd : -1 - fd;
    });
    if (fds.every((fd) => fd >= 0)) return { port, fds };
    for (const fd of fds) close(fd < 0 ? -1 - fd : fd);
  }
  throw new Error("no two ports free");
}

/** What messages hold: their number. */
const numbers = Buffer.from([0, 1, 2]);
const DONTWAIT = 0x40;

function send(make: (fd: number) => number, count = 1): string {
  const { port, fds } = receivers();
  const fd = call("socket", AF_INET, DATAGRAM, 0);
  const address = inet(port);
  const into = Buffer.alloc(8);
  return race(address, 3, () => {
    if (make(fd) !== count) throw new Error(`send: errno ${errno()}`);
    const arrived: string[] = [];
    for (const [i, letter] of [...LETTERS].entries())
      while (Number(recv(fds[i]!, ptr(into), 8, DONTWAIT)) > 0) arrived[into[0]!] = letter;
    return arrived.join("");
  });
}

/** Messages of one byte to the address at `at`: struct mmsghdr, which begins with a struct msghdr, and their iovecs. */
const MMSGHDR = 64;
const IOVEC = 16;
const iovecs = Buffer.alloc(IOVEC * numbers.length);
const messages = Buffer.alloc(MMSGHDR * numbers.length);
for (const i of numbers) {
  iovecs.writeBigUInt64LE(BigInt(ptr(numbers) + i), IOVEC * i);
  iovecs.writeBigUInt64LE(1n, IOVEC * i + 8);
  messages.writeBigUInt64LE(BigInt(at), MMSGHDR * i);
  messages.writeUInt32LE(16, MMSGHDR * i + 8);
  messages.writeBigUInt64LE(BigInt(ptr(iovecs) + IOVEC * i), MMSGHDR * i + 16);
  messages.writeBigUInt64LE(1n, MMSGHDR * i + 24);
}

function bind(): string {
  const { port, fds } = receivers();
  for (const fd of fds) close(fd);
  const name = Buffer.alloc(16);
  const length = new Uint32Array(1);
  return race(inet(port), 3, () => {
    const fd = call("socket", AF_INET, DATAGRAM, 0);
    const failed = call("bind", fd, at, 16) !== 0;
    length[0] = 16;
    check("getsockname", getsockname(fd, ptr(name), ptr(length)));
    close(fd);
    return failed ? "" : LETTERS[name.readUInt16BE(2) - port]!;
  });
}

function connect(): string {
  const address = (letter: string): Buffer => {
    const bytes = Buffer.alloc(110);
    bytes.writeUInt16LE(AF_UNIX, 0);
    bytes.write(`${join(dir, "socket-")}${letter}`, 2, "latin1");
    return bytes;
  };
  for (const letter of LETTERS) {
    rmSync(join(dir, `socket-${letter}`), { force: true });
    const fd = call("socket", AF_UNIX, DATAGRAM, 0);
    check("bind", call("bind", fd, ptr(address(letter)), 110));
  }
  const first = address("b");
  return race(first, 2 + join(dir, "socket-").length, () => {
    const fd = call("socket", AF_UNIX, DATAGRAM, 0);
    const failed = call("connect", fd, at, 110) !== 0;
    close(fd);
    return failed ? "" : "x";
  });
}

const CLONE_NEWNS = 0x2_0000;
const PRIVATE = 0x4_4000;

/** Mounts of a device of that name, which a tmpfs does not need but keeps; in a mount namespace of its own. */
function mount(): string {
  check("unshare", call("unshare", CLONE_NEWNS));
  check("mount", call("mount", 0, ptr(text("/")), 0, PRIVATE, 0));
  const on = join(dir, "mounted");
  mkdirSync(on, { recursive: true });
  const device = text("device-b");
  const [target, type] = [text(on), text("tmpfs")];
  return race(device, device.length - 2, () => {
    if (call("mount", at, ptr(target), ptr(type), 0, 0) !== 0) return "";
    const line = readFileSync("/proc/self/mounts", "latin1")
      .split("\n")
      .findLast((one) => one.includes(` ${on} `));
    check("umount2", call("umount2", ptr(target), 0));
    return line!.split(" ")[0]!.at(-1)!;
  });
}

const KINDS: Readonly<Record<string, () => string>> = {
  open: () => open(dir.length + 2),
  "open by 300 bytes": () => open(300),
  "open by 4090 bytes": () => open(4090),
  unlink: () => change(() => call("unlinkat", AT_FDCWD, at, 0)),
  rename: () => change(() => call("renameat2", AT_FDCWD, at, AT_FDCWD, ptr(text(join(dir, "new"))), 0)),
  mount,
  bind,
  connect,
  sendto: () => send((fd) => call("sendto", fd, ptr(numbers), 1, 0, at, 16)),
  sendmsg: () => send((fd) => call("sendmsg", fd, ptr(messages), 0)),
  sendmmsg: () => send((fd) => call("sendmmsg", fd, ptr(messages), numbers.length, 0), numbers.length),
};

mkdirSync(dir, { recursive: true });
process.stdout.write(KINDS[kind]!());
process.exit(0);
