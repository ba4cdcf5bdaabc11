import { IA32_SYSCALLS } from "../../schema/ia32.ts";
import { SYSCALLS } from "../../schema/syscalls.ts";
import type { Architecture } from "./architecture.ts";
import { COMPAT_BASE, MAX_SYSCALLS, SOCKETCALL, SOCKETCALL_BASE, WANTED } from "./interest.ts";
import type { EventId } from "./program.ts";

/** A system call as this machine numbers it. */
export interface Call {
  /** The capture format's code. */
  readonly code: number;
  /** Event of its exit. */
  readonly exit: EventId;
  /** Place in the probe's tables: the number, from COMPAT_BASE for 32-bit calls. */
  readonly index: number;
  /** The 64-bit call's number, for 32-bit calls too. */
  readonly number: number;
}

/** The calls of i386's socketcall(2), from 1. */
const SOCKETCALLS =
  "socket bind connect listen accept getsockname getpeername socketpair send recv sendto recvfrom shutdown setsockopt getsockopt sendmsg recvmsg accept4 recvmmsg sendmmsg".split(
    " ",
  );

/** All calls of a machine that the probe can dispatch, 32-bit ones included. */
export function callsOf(arch: Architecture): Call[] {
  const calls: Call[] = [];
  for (const call of SYSCALLS) {
    const number = call[arch.name];
    if (number >= 0 && number < MAX_SYSCALLS)
      calls.push({ code: call.code, exit: call.exit as EventId, index: number, number });
  }
  if (!arch.compat) return calls;
  const byName = new Map(SYSCALLS.map((call) => [call.name, call]));
  const compat = [
    ...IA32_SYSCALLS.filter(([number]) => number < MAX_SYSCALLS).map(
      ([number, name]) => [COMPAT_BASE + number, name] as const,
    ),
    ...SOCKETCALLS.map((name, i) => [SOCKETCALL_BASE + i + 1, name] as const),
  ];
  for (const [index, name] of compat) {
    const call = byName.get(name);
    if (!call) continue;
    const { code, exit } = call;
    calls.push({ code, exit: exit as EventId, index, number: Math.max(0, call[arch.name]) });
  }
  return calls;
}

/** Marks a call, by its place in the probe's tables, as wanted in the flags of the interest map. */
export function want(
  flags: Uint8Array,
  index: number,
  { successOnly, copies }: { readonly successOnly: boolean; readonly copies: boolean },
): void {
  if (index < COMPAT_BASE) {
    flags[index]! |= WANTED.native | (successOnly ? WANTED.successOnly : 0) | (copies ? WANTED.copies : 0);
    return;
  }
  const at = index < SOCKETCALL_BASE ? index - COMPAT_BASE : SOCKETCALL;
  flags[at]! |= WANTED.compat | (copies ? WANTED.compatCopies : 0);
}
