import { ptr } from "bun:ffi";
import { libc } from "../../ffi/libc.ts";
import { readProc } from "../proc/proc-files.ts";

/** The same number on every architecture. */
const SYS_PIDFD_OPEN = 434;
const SYS_PIDFD_GETFD = 438;
const ADDRESS_SIZE = 128;

const address = Buffer.alloc(ADDRESS_SIZE);
const length = new Int32Array(1);

/** Both names of a socket as getsockname(2) and getpeername(2) give them; empty where there is none. */
export interface SocketNames {
  readonly local: Buffer;
  readonly remote: Buffer;
}

const syscall = (number: number, ...args: readonly number[]): number => {
  const [a = 0, b = 0, c = 0] = args;
  return Number(libc().syscall(number, a, b, c, 0, 0, 0));
};

/** A process's descriptor; -1 where the system has no such calls or forbids them. */
function openProcess(tid: number): number {
  const pidfd = syscall(SYS_PIDFD_OPEN, tid, 0);
  if (pidfd >= 0) return pidfd;
  // Descriptors stand for whole processes.
  const status = readProc(`/proc/${tid}/status`)?.toString() ?? "";
  return syscall(SYS_PIDFD_OPEN, Number(/^Tgid:\s+(\d+)/m.exec(status)?.[1] ?? 0), 0);
}

/** Borrows a thread's socket for a moment to ask its names; undefined where that is not permitted or it is no socket. */
export function borrowedNames(tid: number, fd: number): SocketNames | undefined {
  const pidfd = openProcess(tid);
  if (pidfd < 0) return undefined;
  const own = syscall(SYS_PIDFD_GETFD, pidfd, fd, 0);
  libc().close(pidfd);
  if (own < 0) return undefined;
  try {
    const local = name("getsockname", own);
    return local.length === 0 ? undefined : { local, remote: name("getpeername", own) };
  } finally {
    libc().close(own);
  }
}

function name(call: "getsockname" | "getpeername", fd: number): Buffer {
  length[0] = ADDRESS_SIZE;
  const failed = libc()[call](fd, ptr(address), ptr(length)) !== 0;
  return failed ? Buffer.alloc(0) : Buffer.from(address.subarray(0, Math.min(length[0]!, ADDRESS_SIZE)));
}
