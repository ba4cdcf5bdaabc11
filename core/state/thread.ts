import type { Fd } from "./fd.ts";

export const UNSET_ID = 0xffff_ffff;

/** What is known of one thread. Descriptors, working directory and environment live in the group leader. */
export class Thread {
  readonly tid: number;
  pid = -1;
  /** Parent *thread* id. */
  ptid = -1;
  sid = -1;
  vpgid = -1;
  pgid = -1;
  vtid = -1;
  vpid = -1;
  reaperTid = -1;
  comm = "";
  exe = "";
  exePath = "";
  args: readonly string[] = [];
  env: readonly string[] = [];
  cgroups: readonly string[] = [];
  cwd = "";
  root = "";
  uid = UNSET_ID;
  gid = UNSET_ID;
  loginUid = UNSET_ID;
  fdLimit = -1;
  tty = 0;
  flags = 0;
  exeWritable = false;
  exeUpperLayer = false;
  exeLowerLayer = false;
  exeFromMemfd = false;
  capInheritable = 0n;
  capPermitted = 0n;
  capEffective = 0n;
  exeIno = 0n;
  exeCtime = 0n;
  exeMtime = 0n;
  cloneTime = 0n;
  lastExecTime = 0n;
  pidnsInitStart = 0n;
  exeCtimeDurationCloneTs = 0n;
  exeCtimeDurationPidnsStart = 0n;
  pageFaultsMajor = 0;
  pageFaultsMinor = 0;
  vmSize = 0;
  vmRss = 0;
  vmSwap = 0;
  /** Short container id; empty on the host. */
  containerId = "";
  dead = false;
  lastEventFd = -1;
  /** Own table of a leader; threads use their leader's. */
  readonly fds = new Map<number, Fd>();

  constructor(tid: number) {
    this.tid = tid;
  }
}
