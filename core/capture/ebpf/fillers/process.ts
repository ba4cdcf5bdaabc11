import { FLAG_TABLES } from "../../../schema/flags.ts";
import { CLONE_BITS, PTRACE_SIGNAL_REQUESTS, PTRACE_VALUES } from "../../../schema/native-flags.ts";
import type { Architecture } from "../architecture.ts";
import type { Value, Writer } from "../emitter.ts";
import { exeFlags } from "../exe-flags.ts";
import { execFailureArgs, execFailureEnv, execFailureExe } from "../exec-arguments.ts";
import { forgetCopies } from "../kernel-copies.ts";
import { learnsClone, learnsForked, learnsProgram, preparedComm } from "../lessons.ts";
import { filePath } from "../path-text.ts";
import type { Filler, FillerSet } from "../program.ts";
import { TaskValues } from "../task-values.ts";
import { usedPath } from "../used-values.ts";
import {
  arg,
  bits,
  combine,
  constant,
  currentTask,
  fdArg,
  int,
  masked,
  member,
  result,
  shared,
  translate,
  uint,
  userRead,
  when,
  whenEqual,
} from "../values.ts";
import { empty, scalar, sequence, userString } from "../writers.ts";

const CHILD_IN_PIDNS = 0x2000_0000;
const EXE_PARAM = 1;

/** Parameters that execve and the clone family share, of the task that `task` gives. */
function taskParams(task: TaskValues): Record<string, Value> {
  return {
    exe: task.exe,
    args: task.args(EXE_PARAM),
    tid: task.tid,
    pid: task.pid,
    ptid: task.parent,
    // The state keeps the working directory from chdir and clone; no event carries it.
    cwd: empty,
    fdlimit: task.fdLimit,
    pgft_maj: task.majorFaults,
    pgft_min: task.minorFaults,
    vm_size: task.vmSize,
    vm_rss: task.vmRss,
    vm_swap: task.vmSwap,
    comm: task.comm,
    cgroups: task.cgroups,
  };
}

/** Parameters of the clone family, of the task that `task` gives. */
function cloneParams(task: TaskValues, flags: Value): Record<string, Value> {
  return {
    ...taskParams(task),
    flags: combine("or", flags, childInPidNamespace(task)),
    uid: task.uid,
    gid: task.gid,
    vtid: task.vtid,
    vpid: task.vpid,
  };
}

/** The caller's side of clone, clone3, fork and vfork, and the child's where it returns from the call too. */
function cloneFiller(flags: Value, { childReturns }: Architecture): Filler {
  const task = new TaskValues(currentTask);
  const succeeded = (write: Writer): Writer => when(result, "sge", 0, write, empty);
  return {
    ...(childReturns ? {} : { when: result }),
    lesson: learnsClone({ task: currentTask, groups: task.groups }, int(result)),
    params: {
      res: result,
      ...cloneParams(task, flags),
      comm: preparedComm,
      exe: succeeded(task.exe),
      args: succeeded(task.args(EXE_PARAM)),
      pidns_init_start_ts: when(result, "eq", 0, task.pidNamespaceStart, constant(0)),
    },
  };
}

/** Recorded clone flags that show in the two tasks. */
const CLONED = { files: 1, fs: 2, sighand: 0x800, thread: 0x2000, vm: 0x8000 } as const;
const PF_KTHREAD = 0x20_0000;

/** The child's side of the clone family at sched_process_fork(parent, child), whose thread it is; its memory is still the parent's or a copy. */
export function forkedChild(parent: Value, child: Value): Filler {
  const task = new TaskValues(child);
  const other = new TaskValues(parent);
  const shares = (path: string, flag: number): Value =>
    whenEqual(task.of(path), other.of(path), constant(flag), constant(0));
  const flags = [
    whenEqual(task.of("pid"), task.of("tgid"), constant(0), constant(CLONED.thread)),
    shares("files", CLONED.files),
    shares("fs", CLONED.fs),
    shares("sighand", CLONED.sighand),
    shares("mm", CLONED.vm),
  ].reduce((all, one) => combine("or", all, one));
  return {
    when: when(masked(task.of("flags"), PF_KTHREAD), "eq", 0, constant(1), constant(0)),
    thread: task.of("pid"),
    lesson: learnsForked({ task: child, groups: task.groups }, task.tid),
    params: {
      res: constant(0),
      ...cloneParams(task, flags),
      comm: preparedComm,
      pidns_init_start_ts: task.pidNamespaceStart,
    },
  };
}

/** What clone3 demands of a new thread, what it refuses there, and what the C library asks for (native flags). */
const CLONE_THREAD = 0x1_0000;
const THREAD_NEEDS = CLONE_THREAD | 0x900;
const THREAD_REFUSES = 0x3000_0000;
const THREAD_USUALLY = THREAD_NEEDS | 0x600;

/**
 * Recorded flags of clone3, whose structure begins with them, a u64. A new thread returns when its parent may have gone on already and written something
 * else there: flags that no thread can have been made with are replaced by those that threads are usually made with.
 */
function clone3Flags(): Value {
  const flags = shared(userRead(arg(0), 0, 8));
  const task = new TaskValues(currentTask);
  const plausible = when(
    masked(flags, THREAD_NEEDS | THREAD_REFUSES),
    "eq",
    THREAD_NEEDS,
    flags,
    constant(THREAD_USUALLY),
  );
  const own = whenEqual(task.of("pid"), task.of("tgid"), masked(flags, ~CLONE_THREAD), plausible);
  return bits(when(result, "eq", 0, own, flags), CLONE_BITS);
}

/** The flag for tasks in a pid namespace of their own, or whose children will be. */
function childInPidNamespace(task: TaskValues): Value {
  const inside = member(task.pidNamespace, "pid_namespace", "level");
  const flag = constant(CHILD_IN_PIDNS);
  const unmoved = whenEqual(task.of("nsproxy.pid_ns_for_children"), task.pidNamespace, constant(0), flag);
  return when(inside, "ne", 0, flag, unmoved);
}

/** Parameters of execve and execveat that follow the shared ones. */
function execParams(task: TaskValues): Record<string, Value> {
  const inode = (...paths: string[]): Value => member(task.of("mm.exe_file.f_inode"), "inode", ...paths);
  const time = (seconds: Value, nanoseconds: Value): Value => combine("add", scaled(seconds), nanoseconds);
  const stamp = (name: "ctime" | "mtime"): Value =>
    time(
      inode(`i_${name}_sec`, `__i_${name}.tv_sec`, `i_${name}.tv_sec`),
      // Since Linux 6.13 the top bit says that somebody has asked for the time stamp (I_CTIME_QUERIED).
      combine(
        "and",
        inode(`i_${name}_nsec`, `__i_${name}.tv_nsec`, `i_${name}.tv_nsec`),
        constant(0x7fffffff),
      ),
    );
  return {
    tty: task.tty,
    vpgid: task.vpgid,
    loginuid: task.loginUid,
    flags: exeFlags(task),
    cap_inheritable: task.capability("cap_inheritable"),
    cap_permitted: task.capability("cap_permitted"),
    cap_effective: task.capability("cap_effective"),
    exe_ino: inode("i_ino"),
    exe_ino_ctime: stamp("ctime"),
    exe_ino_mtime: stamp("mtime"),
    uid: task.uid,
    trusted_exepath: filePath(task.of("mm.exe_file")),
    pgid: task.pgid,
    gid: task.gid,
  };
}

function scaled(seconds: Value): Value {
  return (k) => {
    seconds(k);
    k.alu("mul", 1_000_000_000);
  };
}

/** An execve or execveat that failed: what was asked for comes from the caller's memory. */
function failedExec(argv: number): Filler {
  const task = new TaskValues(currentTask);
  return {
    when: when(result, "slt", 0, constant(1), constant(0)),
    params: {
      res: result,
      ...taskParams(task),
      exe: execFailureExe(arg(argv)),
      args: execFailureArgs(arg(argv)),
      env: execFailureEnv(arg(argv + 1)),
      ...execParams(task),
    },
  };
}

/**
 * A successful execve or execveat, at sched_process_exec: all is in place and the new memory is readable. `oldTid` is the id of the thread that called it,
 * which has its process's by now.
 */
export function succeededExec(oldTid: Value, filename: Value): Filler {
  const task = new TaskValues(currentTask);
  // Not every machine sees the end of a call that succeeded.
  const res: Value = (k) => {
    forgetCopies(k);
    constant(0)(k);
  };
  return {
    lesson: learnsProgram({ task: currentTask, groups: task.groups }, oldTid),
    params: { res, ...taskParams(task), comm: preparedComm, env: task.env, ...execParams(task), filename },
  };
}

const PR_SET_NAME = 15;
const PR_GET_NAME = 16;
const PR_GET_CHILD_SUBREAPER = 37;

const DYN_UINT64 = 0;
const DYN_SIGNAL = 1;

function ptraceFiller(arch: Architecture): Filler {
  const request = translate(uint(arg(0)), PTRACE_VALUES[arch.name], 0);
  const recorded = new Map(FLAG_TABLES.ptrace_requests);
  const failed = sequence(scalar(1, constant(DYN_UINT64)), scalar(8, constant(0)));
  const wide = (value: Value): Writer => sequence(scalar(1, constant(DYN_UINT64)), scalar(8, value));
  let data: Writer = wide(arg(3));
  for (const name of PTRACE_SIGNAL_REQUESTS) {
    data = when(
      request,
      "eq",
      recorded.get(name)!,
      sequence(scalar(1, constant(DYN_SIGNAL)), scalar(1, arg(3))),
      data,
    );
  }
  // The kernel stores what it peeked where data points to.
  for (const name of ["PTRACE_PEEKTEXT", "PTRACE_PEEKDATA", "PTRACE_PEEKUSR"]) {
    data = when(request, "eq", recorded.get(name)!, wide(userRead(arg(3), 0, 8)), data);
  }
  return {
    params: {
      res: result,
      addr: when(result, "slt", 0, failed, wide(arg(2))),
      data: when(result, "slt", 0, failed, data),
      request,
      pid: int(arg(1)),
    },
  };
}

/** Starting, changing and tracing processes. */
export function processFillers(arch: Architecture): FillerSet {
  const option = uint(arg(0));
  const named = (yes: Value, no: Value): Value =>
    when(option, "eq", PR_SET_NAME, yes, when(option, "eq", PR_GET_NAME, yes, no));
  const isSubreaperGet = (yes: Value, no: Value): Value =>
    when(option, "eq", PR_GET_CHILD_SUBREAPER, yes, no);
  const cloneFlags = bits(arg(0), CLONE_BITS);
  return {
    SYSCALL_CLONE_20_X: cloneFiller(cloneFlags, arch),
    SYSCALL_CLONE3_X: cloneFiller(clone3Flags(), arch),
    SYSCALL_FORK_20_X: cloneFiller(constant(0), arch),
    SYSCALL_VFORK_20_X: cloneFiller(constant(0), arch),
    SYSCALL_EXECVE_19_X: withFilename(failedExec(1), usedPath(0)),
    SYSCALL_EXECVEAT_X: failedExec(2),
    SYSCALL_PTRACE_X: ptraceFiller(arch),
    SYSCALL_PRCTL_X: {
      params: {
        res: result,
        option,
        arg2_str: named(userString(arg(1)), empty),
        arg2_int: named(constant(0), isSubreaperGet(int(userRead(arg(1), 0, 4)), arg(1))),
      },
    },
    SYSCALL_SETSID_X: { params: { res: result } },
    SYSCALL_SETPGID_X: { params: { res: result, pid: fdArg(0), pgid: fdArg(1) } },
    SYSCALL_CHROOT_X: { params: { res: result, path: usedPath(0) } },
    SYSCALL_CHDIR_X: { params: { res: result, path: usedPath(0) } },
    SYSCALL_FCHDIR_X: { params: { res: result, fd: fdArg(0) } },
    SYSCALL_UNSHARE_X: { params: { res: result, flags: cloneFlags } },
    SYSCALL_SETNS_X: { params: { res: result, fd: fdArg(0), nstype: bits(arg(1), CLONE_BITS) } },
  };
}

function withFilename(filler: Filler, filename: Writer): Filler {
  return { ...filler, params: { ...filler.params, filename } };
}
