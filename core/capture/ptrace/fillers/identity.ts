import { readProc } from "../../proc/proc-files.ts";
import type { FillerSet } from "../filler.ts";
import { arg, pointed, type Read, result } from "../values.ts";

const res = result;
const id = (index: number): Read<bigint> => pointed(index, 0, 4);

/** A capability set of the thread as /proc shows it. */
const capability =
  (name: string): Read<bigint> =>
  (call) => {
    const status = readProc(`/proc/${call.tid}/status`)?.toString() ?? "";
    return BigInt(`0x${new RegExp(`^${name}:\\s*([0-9a-f]+)`, "m").exec(status)?.[1] ?? "0"}`);
  };

/** User and group ids, and capabilities. */
export const identityFillers: FillerSet = {
  SYSCALL_SETUID_X: { res, uid: arg(0) },
  SYSCALL_SETGID_X: { res, gid: arg(0) },
  SYSCALL_SETREUID_X: { res, ruid: arg(0), euid: arg(1) },
  SYSCALL_SETREGID_X: { res, rgid: arg(0), egid: arg(1) },
  SYSCALL_SETRESUID_X: { res, ruid: arg(0), euid: arg(1), suid: arg(2) },
  SYSCALL_SETRESGID_X: { res, rgid: arg(0), egid: arg(1), sgid: arg(2) },
  SYSCALL_GETUID_X: { uid: result },
  SYSCALL_GETEUID_X: { euid: result },
  SYSCALL_GETGID_X: { gid: result },
  SYSCALL_GETEGID_X: { egid: result },
  SYSCALL_GETRESUID_X: { res, ruid: id(0), euid: id(1), suid: id(2) },
  SYSCALL_GETRESGID_X: { res, rgid: id(0), egid: id(1), sgid: id(2) },
  SYSCALL_CAPSET_X: {
    res,
    cap_inheritable: capability("CapInh"),
    cap_permitted: capability("CapPrm"),
    cap_effective: capability("CapEff"),
  },
};
