import type { EventCursor } from "../../event/cursor.ts";
import { isSeldom } from "../../ffi/seldom.ts";
import { EVENT } from "../../schema/event-codes.ts";
import { argsOf, cgroupsOf, envOf, textParam } from "../params.ts";
import { programOf, tellsTimes } from "../program.ts";
import type { State } from "../state.ts";
import { CLONE, type Thread } from "../thread.ts";
import { linkThread, removeThread } from "../thread-table.ts";
import { learnContainer } from "./container.ts";
import { exePathOf } from "./exe-path.ts";
import { resultOf, type Update, type UpdateTable } from "./update.ts";

/** Parameters of execve and execveat exits. */
const P = {
  exe: 1,
  args: 2,
  pid: 4,
  ptid: 5,
  fdLimit: 7,
  faultsMajor: 8,
  faultsMinor: 9,
  vmSize: 10,
  vmRss: 11,
  vmSwap: 12,
  comm: 13,
  cgroups: 14,
  env: 15,
  tty: 16,
  vpgid: 17,
  loginUid: 18,
  ctime: 24,
  uid: 26,
  pgid: 28,
  gid: 29,
} as const;

/** What survives of the flags: the others told how the former program was started. */
const KEPT_FLAGS = CLONE.PIPE_SRC | CLONE.PIPE_DST | CLONE.IS_MAIN_THREAD | CLONE.INVERTED;

/** A new program runs in the process. */
const exec: Update = (state, event) => {
  const { thread } = state;
  if (!thread || resultOf(event) < 0) return;
  if (thread.dead) resurrect(thread);
  thread.exe = textParam(event, P.exe);
  thread.comm = event.size(P.comm) > 0 ? textParam(event, P.comm) : thread.exe;
  thread.args = argsOf(event, P.args);
  thread.pid = event.int(P.pid, -1);
  if (thread.isInvalid) {
    thread.ptid = event.int(P.ptid, -1);
    if ((thread.flags & CLONE.CHILD_IN_PIDNS) === 0) {
      thread.vtid = thread.tid;
      thread.vpid = thread.pid;
    }
    linkThread(state, thread);
  }
  setProcess(thread, event);
  thread.exePath = exePathOf(state, thread, event) ?? thread.exePath;
  setProgramFile(thread, event);
  setIds(thread, event);
  state.accounts.learn(thread.containerId, thread.pid, thread.uid, thread.gid);
  thread.descriptors?.closeOnExec();
  thread.flags &= KEPT_FLAGS;
  endOtherThreads(state, thread);
  learnContainer(state, thread);
};

/** A leader that had ended while its process went on: an exec by another thread takes its id. */
function resurrect(thread: Thread): void {
  thread.dead = false;
  if (thread.group) thread.group.alive++;
}

function setProcess(thread: Thread, event: EventCursor): void {
  thread.fdLimit = event.int(P.fdLimit, -1);
  if (event.size(P.vmSwap) > 0) {
    thread.pageFaultsMajor = event.uint(P.faultsMajor, 0);
    thread.pageFaultsMinor = event.uint(P.faultsMinor, 0);
    thread.vmSize = event.uint(P.vmSize, 0);
    thread.vmRss = event.uint(P.vmRss, 0);
    thread.vmSwap = event.uint(P.vmSwap, 0);
  }
  if (event.size(P.env) > 0) thread.env = envOf(event, P.env);
  if (event.size(P.cgroups) > 0) {
    thread.cgroups = cgroupsOf(event, P.cgroups) ?? thread.cgroups;
  }
  thread.tty = event.uint(P.tty, thread.tty);
}

function setProgramFile(thread: Thread, event: EventCursor): void {
  thread.program = programOf(event, thread.program);
  if (!tellsTimes(event)) return;
  // The reference counts without a sign: a file changed after the process started gives a huge number.
  if (thread.cloneTimeLow !== 0 || thread.cloneTimeHigh !== 0) {
    const isLong = event.size(P.ctime) === 8;
    const changeLow = isLong ? event.view.getUint32(event.at(P.ctime), true) : event.uint(P.ctime, 0);
    const changeHigh = isLong ? event.view.getUint32(event.at(P.ctime) + 4, true) : 0;
    const low = thread.cloneTimeLow - changeLow;
    thread.changeToCloneLow = low >>> 0;
    thread.changeToCloneHigh = (thread.cloneTimeHigh - changeHigh - (low < 0 ? 1 : 0)) >>> 0;
  }
  if (thread.pidnsInitStart !== 0n && thread.exeCtime > thread.pidnsInitStart) {
    thread.exeCtimeDurationPidnsStart = thread.exeCtime - thread.pidnsInitStart;
  }
}

function setIds(thread: Thread, event: EventCursor): void {
  thread.vpgid = event.int(P.vpgid, thread.vpgid);
  thread.loginUid = event.uint(P.loginUid, thread.loginUid);
  thread.uid = event.uint(P.uid, thread.uid);
  thread.pgid = event.int(P.pgid, -1);
  thread.gid = event.uint(P.gid, thread.gid);
}

/** Of a process with threads, only the one that called exec goes on, as the leader. */
function endOtherThreads(state: State, thread: Thread): void {
  const { group } = thread;
  if (!group || group.alive <= 1) return;
  for (const other of [...group.others()]) if (other !== thread) removeThread(state, other.tid);
}

isSeldom(exec, setProcess, setProgramFile, setIds, endOtherThreads);

export const execUpdates: UpdateTable = {
  [EVENT.SYSCALL_EXECVE_19_X]: exec,
  [EVENT.SYSCALL_EXECVEAT_X]: exec,
};
