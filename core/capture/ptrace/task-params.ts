import type { ThreadSeed } from "../../event/source.ts";
import { withoutDeleted } from "../../state/update/exe-path.ts";
import type { Datum } from "./event-record.ts";
import { NOTHING } from "./values.ts";

const EXE_WRITABLE = 1;
const EXE_UPPER_LAYER = 2;
const EXE_FROM_MEMFD = 4;
const EXE_LOWER_LAYER = 8;
const MAX_TEXT = 4096;
/** Subsystems that events list; where version 2 of control groups is in use all are in the one place. */
const SUBSYSTEMS = ["cpuset", "cpu", "cpuacct", "io", "memory"];

export const textOf = (value: string): Uint8Array => Buffer.from(`${value}\0`);
const block = (values: readonly string[]): Uint8Array => {
  if (values.length === 0) return NOTHING;
  const bytes = Buffer.from(`${values.join("\0")}\0`);
  if (bytes.length <= MAX_TEXT) return bytes;
  bytes[MAX_TEXT - 1] = 0;
  return bytes.subarray(0, MAX_TEXT);
};

function cgroups(lines: readonly string[]): Uint8Array {
  const paths = new Map(lines.map((line) => line.split(/=(.*)/s, 2) as [string, string]));
  const unified = paths.get("");
  return block(
    SUBSYSTEMS.flatMap((name) => {
      const path = paths.get(name) ?? (name === "io" ? paths.get("blkio") : undefined) ?? unified;
      return path === undefined ? [] : [`${name}=${path}`];
    }),
  );
}

/** Parameters that execve and the clone family share. */
export function taskParams(task: ThreadSeed): Record<string, Datum> {
  return {
    exe: textOf(task.exe),
    args: block(task.args),
    tid: task.tid,
    pid: task.pid,
    ptid: task.ptid,
    // The state keeps the working directory from chdir and clone; no event carries it.
    cwd: NOTHING,
    fdlimit: task.fdLimit,
    pgft_maj: task.pageFaultsMajor,
    pgft_min: task.pageFaultsMinor,
    vm_size: task.vmSize,
    vm_rss: task.vmRss,
    vm_swap: task.vmSwap,
    comm: textOf(task.comm),
    cgroups: cgroups(task.cgroups),
  };
}

/** Parameters of execve that follow the shared ones; `filename` comes from the call. */
export function execParams(task: ThreadSeed): Record<string, Datum> {
  return {
    env: block(task.env),
    tty: task.tty,
    vpgid: task.vpgid,
    loginuid: task.loginUid,
    flags:
      (task.exeWritable ? EXE_WRITABLE : 0) |
      (task.exeUpperLayer ? EXE_UPPER_LAYER : 0) |
      (task.exeFromMemfd ? EXE_FROM_MEMFD : 0) |
      (task.exeLowerLayer ? EXE_LOWER_LAYER : 0),
    cap_inheritable: task.capInheritable,
    cap_permitted: task.capPermitted,
    cap_effective: task.capEffective,
    exe_ino: task.exeIno,
    exe_ino_ctime: task.exeCtime,
    exe_ino_mtime: task.exeMtime,
    uid: task.uid,
    trusted_exepath: textOf(executablePath(task)),
    pgid: task.pgid,
    gid: task.gid,
  };
}

/** The program's path as the kernel's own structures have it: /proc marks what was deleted, and puts a slash before a memfd's name. */
export function executablePath({
  exePath,
  exeFromMemfd,
}: Pick<ThreadSeed, "exePath" | "exeFromMemfd">): string {
  const path = withoutDeleted(exePath);
  return exeFromMemfd ? path.slice(1) : path;
}

const CHILD_IN_PIDNS = 0x2000_0000;

/** Parameters of the clone family that follow the shared ones; `flags` are the call's, as recorded. */
export function cloneParams(
  task: ThreadSeed,
  flags: number,
  bootTime: bigint,
  isChild: boolean,
): Record<string, Datum> {
  const nested = task.vtid !== task.tid;
  return {
    flags: (flags | (nested ? CHILD_IN_PIDNS : 0)) >>> 0,
    uid: task.uid,
    gid: task.gid,
    vtid: task.vtid,
    vpid: task.vpid,
    // Counted from boot.
    pidns_init_start_ts: isChild && task.pidnsInitStart > bootTime ? task.pidnsInitStart - bootTime : 0n,
  };
}
