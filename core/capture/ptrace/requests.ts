import { ptr } from "bun:ffi";
import { errno, libc } from "../../ffi/libc.ts";
import { SystemError } from "../../ffi/system-error.ts";

const REQUEST = {
  cont: 7,
  detach: 17,
  syscall: 24,
  setOptions: 0x4200,
  getEventMessage: 0x4201,
  getSignalInfo: 0x4202,
  seize: 0x4206,
  interrupt: 0x4207,
  listen: 0x4208,
  getSyscallInfo: 0x420e,
} as const;

/** Options of a tracee (PTRACE_O_…). */
export const OPTION = {
  sysGood: 1,
  fork: 2,
  vfork: 4,
  clone: 8,
  exec: 16,
  exit: 64,
  seccomp: 128,
  exitKill: 1 << 20,
} as const;

/** What a stop beyond signals and system calls is about (PTRACE_EVENT_…). */
export const STOP = { fork: 1, vfork: 2, clone: 3, exec: 4, exit: 6, seccomp: 7, stop: 128 } as const;

const ESRCH = 3;
const __WALL = 0x4000_0000;
/** Only what this very thread has started or traces: children of the other threads are theirs to wait for. */
const __WNOTHREAD = 0x2000_0000;
const ECHILD = 10;

/** How a stopped thread goes on: to its next stop of interest, or to the next edge of a system call. */
export type Resume = "cont" | "syscall" | "listen";

const status = new Int32Array(1);
const message = new BigUint64Array(1);
/** struct ptrace_syscall_info: op u8, arch u32 at 4, then at 24 either nr u64, args u64 × 6 or the result i64. */
const info = new DataView(new ArrayBuffer(88));

/** A request to a stopped thread; false when the thread is gone, which may happen at any time. Throws SystemError. */
function request(number: number, tid: number, address: number, data: number): boolean {
  const result = libc().ptrace(number, tid, address, data);
  if (result !== -1) return true;
  const error = errno();
  if (error === ESRCH) return false;
  throw new SystemError("ptrace", error);
}

/** Traces a thread without stopping it. Throws SystemError. */
export function seize(tid: number, options: number): void {
  if (libc().ptrace(REQUEST.seize, tid, 0, options) === -1) throw new SystemError("ptrace", errno());
}

export const setOptions = (tid: number, options: number): boolean =>
  request(REQUEST.setOptions, tid, 0, options);
export const interrupt = (tid: number): boolean => request(REQUEST.interrupt, tid, 0, 0);

/** Lets a stopped thread go on, with the signal if that is not 0. */
export const resume = (tid: number, how: Resume, signal = 0): boolean =>
  request(REQUEST[how], tid, 0, signal);

/** Lets a stopped thread go, for good. */
export const detach = (tid: number, signal = 0): boolean => request(REQUEST.detach, tid, 0, signal);

/** What the stop has to tell: the new thread's id, the exit status, the former id. 0 when the thread is gone. */
export function eventMessage(tid: number): number {
  return request(REQUEST.getEventMessage, tid, 0, ptr(message)) ? Number(message[0]) : 0;
}

/** Why the thread gets the signal it stopped with: the cause (si_code), and who sent it or ended. */
export function signalInfo(tid: number): { code: number; pid: number } | undefined {
  // siginfo_t: signal, error, code, and from 16 on what the kind of signal brings, which begins with a process id.
  const siginfo = new Int32Array(32);
  if (!request(REQUEST.getSignalInfo, tid, 0, ptr(siginfo))) return undefined;
  return { code: siginfo[2]!, pid: siginfo[4]! };
}

/** The system call that the thread stopped at: `view` is valid until the next call; undefined when the thread is gone. */
export function syscallInfo(tid: number): DataView | undefined {
  return request(REQUEST.getSyscallInfo, tid, info.byteLength, ptr(info)) ? info : undefined;
}

/** Offsets and values of `syscallInfo`. */
export const INFO = { op: 0, arch: 4, number: 24, args: 32, result: 24 } as const;
export const OP = { entry: 1, exit: 2, seccomp: 3 } as const;

export interface Waited {
  readonly tid: number;
  /** As wait(2) encodes it. */
  readonly status: number;
}

/** The next thread that stopped or ended; "interrupted" when a signal came first, "none" when nothing is traced any more. */
export function waitForStop(hang: boolean): Waited | "interrupted" | "none" {
  const WNOHANG = 1;
  const tid = libc().wait4(-1, ptr(status), __WALL | __WNOTHREAD | (hang ? 0 : WNOHANG), null);
  if (tid > 0) return { tid, status: status[0]! };
  if (tid === 0) return "interrupted";
  return errno() === ECHILD ? "none" : "interrupted";
}
