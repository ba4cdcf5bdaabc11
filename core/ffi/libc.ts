import { dlopen, FFIType, type Pointer, read } from "bun:ffi";
import { SystemError } from "./system-error.ts";

// Integers travel as i64_fast: a number while it fits 2^53 and a bigint beyond, so the common case allocates nothing.
const { i32, u32, i64_fast: i64, ptr } = FFIType;
const SYMBOLS = {
  syscall: { args: [i64, i64, i64, i64, i64, i64, i64], returns: i64 },
  mmap: { args: [i64, i64, i32, i32, i32, i64], returns: i64 },
  munmap: { args: [i64, i64], returns: i32 },
  madvise: { args: [i64, i64, i32], returns: i32 },
  mprotect: { args: [i64, i64, i32], returns: i32 },
  memcpy: { args: [ptr, i64, i64], returns: ptr },
  close: { args: [i32], returns: i32 },
  ioctl: { args: [i32, i64, ptr], returns: i32 },
  chroot: { args: [ptr], returns: i32 },
  epoll_create1: { args: [i32], returns: i32 },
  epoll_ctl: { args: [i32, i32, i32, ptr], returns: i32 },
  eventfd: { args: [u32, i32], returns: i32 },
  epoll_wait: { args: [i32, ptr, i32, i32], returns: i32 },
  clock_gettime: { args: [i32, ptr], returns: i32 },
  usleep: { args: [u32], returns: i32 },
  poll: { args: [ptr, i64, i32], returns: i32 },
  write: { args: [i32, ptr, i64], returns: i64 },
  read: { args: [i32, ptr, i64], returns: i64 },
  socket: { args: [i32, i32, i32], returns: i32 },
  connect: { args: [i32, ptr, u32], returns: i32 },
  send: { args: [i32, ptr, i64, i32], returns: i64 },
  recv: { args: [i32, ptr, i64, i32], returns: i64 },
  socketpair: { args: [i32, i32, i32, ptr], returns: i32 },
  setsockopt: { args: [i32, i32, i32, ptr, u32], returns: i32 },
  pipe2: { args: [ptr, i32], returns: i32 },
  ptrace: { args: [i64, i64, i64, i64], returns: i64 },
  wait4: { args: [i32, ptr, i32, ptr], returns: i32 },
  process_vm_readv: { args: [i32, ptr, i64, ptr, i64, i64], returns: i64 },
  posix_spawn: { args: [ptr, ptr, ptr, ptr, ptr, ptr], returns: i32 },
  execvp: { args: [ptr, ptr], returns: i32 },
  unsetenv: { args: [ptr], returns: i32 },
  prctl: { args: [i32, i64, i64, i64, i64], returns: i32 },
  kill: { args: [i32, i32], returns: i32 },
  signal: { args: [i32, i64], returns: i64 },
  sigaction: { args: [i32, ptr, ptr], returns: i32 },
  timer_create: { args: [i32, ptr, ptr], returns: i32 },
  timer_settime: { args: [i64, i32, ptr, ptr], returns: i32 },
  timer_delete: { args: [i64], returns: i32 },
  getsockname: { args: [i32, ptr, ptr], returns: i32 },
  getpeername: { args: [i32, ptr, ptr], returns: i32 },
  gettid: { args: [], returns: i32 },
  dlopen: { args: [ptr, i32], returns: i64 },
  dlsym: { args: [i64, ptr], returns: i64 },
  dlerror: { args: [], returns: ptr },
  __errno_location: { args: [], returns: ptr },
} as const;

function open() {
  const candidates = ["libc.so.6", `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`];
  let last: unknown;
  for (const name of candidates) {
    try {
      return dlopen(name, SYMBOLS).symbols;
    } catch (error) {
      last = error;
    }
  }
  throw last;
}

let symbols: ReturnType<typeof open> | undefined;

/** The C library's functions, opened at first use. */
export function libc(): ReturnType<typeof open> {
  symbols ??= open();
  return symbols;
}

/** The calling thread's error number; meaningful directly after a call that failed. */
export function errno(): number {
  return read.i32(libc().__errno_location() as Pointer, 0);
}

/** Passes a result on, or throws what went wrong when it is -1. */
export function check(call: string, result: number | bigint): number {
  if (result === -1 || result === -1n) throw new SystemError(call, errno());
  return Number(result);
}
