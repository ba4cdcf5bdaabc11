import { type Pointer, toArrayBuffer } from "bun:ffi";
import { errno, libc } from "../../../../core/ffi/libc.ts";
import { call, numberOf, text } from "../calls.ts";
import { AT_FDCWD, expectEvent, file, hex, O_RDWR_CREAT, path } from "../expectations.ts";
import { compatCaller } from "../machine-code.ts";

/** An x32 call: x86_64's number with a mark. Few kernels do what it asks, but all are asked. */
function x32Call(): void {
  const X32_BIT = 0x4000_0000;
  const name = path("x32");
  const fd = Number(
    libc().syscall(X32_BIT + numberOf("openat"), AT_FDCWD, text(name), O_RDWR_CREAT, 0o640, 0, 0),
  );
  expectEvent("SYSCALL_OPENAT_2_X", { fd: fd === -1 ? -errno() : fd, dirfd: AT_FDCWD, name, mode: 0o640 });
}

/** Calls of 32-bit programs, by their numbers there; addresses must lie low. */
export function compatCalls(): void {
  if (process.arch === "x64") x32Call();
  const compat = compatCaller();
  if (!compat) return;
  const MAP_32BIT = 0x40;
  const low = call("mmap", 0, 4096, 3, 0x22 | MAP_32BIT, -1, 0);
  const bytes = Buffer.from(toArrayBuffer(low as Pointer, 0, 4096));
  bytes.write(`${file}\0`, 0);
  const name = { path: file };
  const opened = compat(5, low, 0, 0);
  expectEvent("SYSCALL_OPEN_X", { fd: opened, name: file, flags: 1 });
  expectEvent("SYSCALL_LLSEEK_X", {
    res: compat(140, opened, 1, 2, low + 1024, 0),
    fd: opened,
    offset: 2 ** 32 + 2,
    whence: 0,
  });
  expectEvent("SYSCALL_STAT64_X", { res: compat(195, low, low + 1024), ...name });
  expectEvent("SYSCALL_LSTAT64_X", { res: compat(196, low, low + 1024), ...name });
  expectEvent("SYSCALL_FSTAT64_X", { res: compat(197, opened, low + 1024) });
  expectEvent("SYSCALL_UMOUNT_1_X", { res: compat(22, low), name: file });
  const area = compat(192, 0, 4096, 3, 0x22, -1);
  expectEvent("SYSCALL_MMAP2_X", { res: area >>> 0, length: 4096, prot: 3, fd: -1 });
  bytes.write("sent low", 512);
  const vector = new Uint32Array([low + 512, 4, low + 516, 4]);
  bytes.set(new Uint8Array(vector.buffer), 1024);
  const sink = call("openat", AT_FDCWD, text(path("low")), O_RDWR_CREAT, 0o600);
  expectEvent("SYSCALL_WRITEV_X", {
    res: compat(146, sink, low + 1024, 2),
    data: hex("sent low"),
    fd: sink,
    size: 8,
  });
  socketCalls(compat, low, bytes);
}

/** socketcall(2): the call's number and the address of its arguments. */
function socketCalls(compat: (...args: number[]) => number, low: number, bytes: Buffer): void {
  const SOCKETCALL = 102;
  const socketcall = (number: number, ...args: number[]): number => {
    bytes.set(new Uint8Array(new Uint32Array(args.map((value) => value >>> 0)).buffer), 2048);
    return compat(SOCKETCALL, number, low + 2048);
  };
  socketcall(8, 1, 2, 0, low + 256);
  const [a, b] = [bytes.readInt32LE(256), bytes.readInt32LE(260)];
  expectEvent("SOCKET_SOCKETPAIR_X", { res: 0, fd1: a, fd2: b, domain: 1, type: 2, proto: 0 });
  expectEvent("SOCKET_SEND_X", {
    res: socketcall(9, a, low + 512, 8, 0),
    fd: a,
    size: 8,
    data: hex("sent low"),
  });
  expectEvent("SOCKET_RECV_X", {
    res: socketcall(10, b, low + 768, 100, 0),
    fd: b,
    size: 100,
    data: hex("sent low"),
  });
  // struct msghdr of 32-bit words: name, its length, iovecs, their number, control, its length, flags
  bytes.set(new Uint8Array(new Uint32Array([0, 0, low + 1024, 2, 0, 0, 0]).buffer), 1100);
  expectEvent("SOCKET_SENDMSG_X", {
    res: socketcall(16, a, low + 1100, 0),
    fd: a,
    size: 8,
    data: hex("sent low"),
  });
}
