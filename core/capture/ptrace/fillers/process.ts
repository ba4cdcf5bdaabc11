import { FLAG_TABLES } from "../../../schema/flags.ts";
import { CLONE_BITS, PTRACE_SIGNAL_REQUESTS, PTRACE_VALUES } from "../../../schema/native-flags.ts";
import type { EventId } from "../../ebpf/program.ts";
import type { Datum } from "../event-record.ts";
import type { FillerSet } from "../filler.ts";
import { ARCH } from "../machine.ts";
import { readNumber, readString } from "../process-memory.ts";
import type { Invocation } from "../tracee.ts";
import {
  arg,
  bits,
  int,
  MAX_TEXT,
  NOTHING,
  pointed,
  pointedInt,
  type Read,
  result,
  text,
  translate,
  uint,
} from "../values.ts";
import { prepareOpen } from "./open.ts";

/** Strings followed in an argv or envp of a call that failed. */
const MAX_STRINGS = 16;

/** How each call of the clone family gets its flags. */
export const CLONE_FLAGS: Partial<Record<EventId, Read<number>>> = {
  SYSCALL_CLONE_20_X: bits(arg(0), CLONE_BITS),
  // struct clone_args begins with the flags, a u64.
  SYSCALL_CLONE3_X: bits(pointed(0, 0, 8), CLONE_BITS),
  SYSCALL_FORK_20_X: () => 0,
  SYSCALL_VFORK_20_X: () => 0,
};

/** Reads what is gone when the call has returned. */
export function prepare(call: Invocation): void {
  const { exit } = call.call;
  if (exit === "SYSCALL_EXECVE_19_X") call.filename = text(0)(call);
  else if (exit === "SYSCALL_EXECVEAT_X") call.filename = text(1)(call);
  else prepareOpen(call);
}

/** The strings from index `first` on of the array at an address, each with its NUL. */
function strings(call: Invocation, array: bigint, first: number, last: number): Uint8Array {
  const width = call.compat ? 4 : 8;
  const parts: Uint8Array[] = [];
  for (let i = first; i < last; i++) {
    const at = readNumber(call.tid, array + BigInt(i * width), width);
    if (at === 0n) break;
    parts.push(readString(call.tid, at, MAX_TEXT));
  }
  const all = Buffer.concat(parts);
  if (all.length <= MAX_TEXT) return all;
  all[MAX_TEXT - 1] = 0;
  return all.subarray(0, MAX_TEXT);
}

/** What an execve or execveat that failed asked for. */
export function failedExec(call: Invocation): Record<string, Datum> {
  const argv = call.call.exit === "SYSCALL_EXECVEAT_X" ? 2 : 1;
  return {
    exe: strings(call, call.args[argv]!, 0, 1),
    args: strings(call, call.args[argv]!, 1, MAX_STRINGS),
    env: strings(call, call.args[argv + 1]!, 0, MAX_STRINGS),
  };
}

const PR_SET_NAME = 15;
const PR_GET_NAME = 16;
const PR_GET_CHILD_SUBREAPER = 37;
const isNamed = (call: Invocation): boolean => [PR_SET_NAME, PR_GET_NAME].includes(uint(0)(call));

const DYN_UINT64 = 0;
const DYN_SIGNAL = 1;
const ptraceRequest = translate(uint(0), PTRACE_VALUES[ARCH], 0);
const recordedRequest = new Map<string, number>(FLAG_TABLES.ptrace_requests);
const signalRequests = PTRACE_SIGNAL_REQUESTS.map((name) => recordedRequest.get(name));
const peekRequests = ["PTRACE_PEEKTEXT", "PTRACE_PEEKDATA", "PTRACE_PEEKUSR"].map((name) =>
  recordedRequest.get(name),
);

function wide(value: bigint): Uint8Array {
  const bytes = Buffer.alloc(9);
  bytes[0] = DYN_UINT64;
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value), 1);
  return bytes;
}

const ptraceData: Read<Uint8Array> = (call) => {
  if (call.result < 0) return wide(0n);
  const request = ptraceRequest(call);
  if (signalRequests.includes(request)) return Uint8Array.of(DYN_SIGNAL, Number(call.args[3]! & 0xffn));
  return wide(peekRequests.includes(request) ? pointed(3, 0, 8)(call) : call.args[3]!);
};

/** Starting, changing and tracing processes; execve and the clone family are made elsewhere. */
export const processFillers: FillerSet = {
  SYSCALL_PTRACE_X: {
    res: result,
    addr: (call) => wide(call.result < 0 ? 0n : call.args[2]!),
    data: ptraceData,
    request: ptraceRequest,
    pid: int(1),
  },
  SYSCALL_PRCTL_X: {
    res: result,
    option: uint(0),
    arg2_str: (call) => (isNamed(call) ? text(1)(call) : NOTHING),
    arg2_int: (call) => {
      if (isNamed(call)) return 0;
      return uint(0)(call) === PR_GET_CHILD_SUBREAPER ? pointedInt(1, 0)(call) : arg(1)(call);
    },
  },
  SYSCALL_SETSID_X: { res: result },
  SYSCALL_SETPGID_X: { res: result, pid: int(0), pgid: int(1) },
  SYSCALL_CHROOT_X: { res: result, path: text(0) },
  SYSCALL_CHDIR_X: { res: result, path: text(0) },
  SYSCALL_FCHDIR_X: { res: result, fd: int(0) },
  SYSCALL_UNSHARE_X: { res: result, flags: bits(arg(0), CLONE_BITS) },
  SYSCALL_SETNS_X: { res: result, fd: int(0), nstype: bits(arg(1), CLONE_BITS) },
};
