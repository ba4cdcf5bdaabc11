import { FdTable } from "./fd-table.ts";
import { NO_PROGRAM, type Program } from "./program.ts";
import type { ThreadGroup } from "./thread-group.ts";

export const UNSET_ID = 0xffff_ffff;

/** Bits of `Thread.flags`: those of clone events (portable, not the kernel's numbers) and our own above them. */
export const CLONE = {
  FILES: 1,
  FS: 2,
  NEWPID: 0x40,
  PARENT: 0x100,
  THREAD: 0x2000,
  /** The thread was entered by its own clone event, before its creator's. */
  INVERTED: 0x1_0000,
  NEWUSER: 0x10_0000,
  PIPE_SRC: 0x20_0000,
  PIPE_DST: 0x40_0000,
  VFORK: 0x800_0000,
  CHILD_IN_PIDNS: 0x2000_0000,
  IS_MAIN_THREAD: 0x4000_0000,
} as const;

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
  program: Program = NO_PROGRAM;
  /** Halves of the clone time, nanoseconds since the epoch; 0 when it is not known. */
  cloneTimeLow = 0;
  cloneTimeHigh = 0;
  /** Halves of the time from the last change of the program's file to the clone, as the exec found it, 64 bits without sign. */
  changeToCloneLow = 0;
  changeToCloneHigh = 0;
  pidnsInitStart = 0n;
  exeCtimeDurationPidnsStart = 0n;
  pageFaultsMajor = 0;
  pageFaultsMinor = 0;
  vmSize = 0;
  vmRss = 0;
  vmSwap = 0;
  /** Short container id; empty on the host. */
  containerId = "";
  dead = false;
  lastEventFd = 0;
  /** Code of the thread's last enter event, -1 before the first. */
  lastEnterCode = -1;
  /** When the thread was last seen, nanoseconds since the epoch as a double. */
  lastSeen = 0;
  /** The enter event that the next exit event may need, as a record; empty when there is none. */
  enterRecord: Buffer | undefined = undefined;
  /** Threads that share their leader's table never make one. */
  #fds: FdTable | undefined = undefined;
  /** Undefined for threads of which nothing but the id is known. */
  group: ThreadGroup | undefined = undefined;
  /** The children are a list that runs through themselves; see children.ts. */
  parent: Thread | undefined = undefined;
  firstChild: Thread | undefined = undefined;
  nextSibling: Thread | undefined = undefined;
  previousSibling: Thread | undefined = undefined;
  /** The same for its group's threads but the leader; see ThreadGroup. */
  nextInGroup: Thread | undefined = undefined;
  previousInGroup: Thread | undefined = undefined;

  constructor(tid: number) {
    this.tid = tid;
  }

  /** When the thread was created, nanoseconds since the epoch; 0 when it is not known. Allocates. */
  get cloneTime(): bigint {
    return (BigInt(this.cloneTimeHigh) << 32n) | BigInt(this.cloneTimeLow);
  }

  set cloneTime(time: bigint) {
    this.cloneTimeLow = Number(time & 0xffff_ffffn);
    this.cloneTimeHigh = Number(time >> 32n);
  }

  /** Allocates. */
  get exeCtimeDurationCloneTs(): bigint {
    return (BigInt(this.changeToCloneHigh) << 32n) | BigInt(this.changeToCloneLow);
  }

  get exeWritable(): boolean {
    return this.program.exeWritable;
  }

  get exeUpperLayer(): boolean {
    return this.program.exeUpperLayer;
  }

  get exeLowerLayer(): boolean {
    return this.program.exeLowerLayer;
  }

  get exeFromMemfd(): boolean {
    return this.program.exeFromMemfd;
  }

  get exeIno(): bigint {
    return this.program.exeIno;
  }

  get exeCtime(): bigint {
    return this.program.exeCtime;
  }

  get exeMtime(): bigint {
    return this.program.exeMtime;
  }

  /** The thread's own table, which it need not use: see `descriptors`. */
  get fds(): FdTable {
    this.#fds ??= new FdTable();
    return this.#fds;
  }

  set fds(table: FdTable) {
    this.#fds = table;
  }

  /** Whether the thread is its process's first. */
  get isLeader(): boolean {
    return this.tid === this.pid || (this.flags & CLONE.IS_MAIN_THREAD) !== 0;
  }

  /** True when only the id is known: such entries have no group and no parent. */
  get isInvalid(): boolean {
    return this.tid < 0 || this.pid < 0 || this.ptid < 0;
  }

  get inPidNamespace(): boolean {
    return (this.flags & CLONE.CHILD_IN_PIDNS) !== 0 || (this.vtid >= 0 && this.tid !== this.vtid);
  }

  /** The thread that holds what the process shares; undefined when it is not known. */
  get leader(): Thread | undefined {
    return this.isLeader ? this : this.group?.leader;
  }

  /** The table of descriptors the thread uses: its leader's if it shares it, and its own otherwise. */
  get descriptors(): FdTable | undefined {
    return (this.flags & CLONE.FILES) === 0 ? this.fds : this.leader?.fds;
  }
}
