import type { EventCursor } from "../../event/cursor.ts";
import { joinPath } from "../../event/path.ts";
import { isSeldom } from "../../ffi/seldom.ts";
import { EVENT } from "../../schema/event-codes.ts";
import { CAPABILITY_NAMES } from "../../schema/names.ts";
import { cwdOf } from "../lookup.ts";
import { textParam } from "../params.ts";
import type { State } from "../state.ts";
import { CLONE, type Thread } from "../thread.ts";
import { markDead } from "../thread-table.ts";
import { learnContainer } from "./container.ts";
import { resultOf, type Update, type UpdateTable } from "./update.ts";

const ALL_CAPABILITIES = (1n << BigInt(CAPABILITY_NAMES.length)) - 1n;
const RLIMIT_NOFILE = 7;
const UNLIMITED = -1;
const PR_SET_CHILD_SUBREAPER = 36;
const PR_GET_CHILD_SUBREAPER = 37;

/** An update of the thread for calls that succeed with a result of 0 or more. */
const onSuccess =
  (update: (thread: Thread, event: EventCursor, state: State) => void): Update =>
  (state, event) => {
    if (state.thread && resultOf(event) >= 0) update(state.thread, event, state);
  };

/** The same for calls that succeed with 0 only. */
const onZero =
  (update: (thread: Thread, event: EventCursor, state: State) => void): Update =>
  (state, event) => {
    if (state.thread && resultOf(event) === 0) update(state.thread, event, state);
  };

const setUser = (param: number): Update =>
  onZero((thread, event, state) => {
    if (event.size(param) === 0) return;
    thread.uid = event.uint(param, 0);
    state.accounts.learn(thread.containerId, thread.pid, thread.uid, thread.gid);
  });

const setGroup = (param: number): Update =>
  onZero((thread, event, state) => {
    if (event.size(param) === 0) return;
    thread.gid = event.uint(param, 0);
    state.accounts.learn(thread.containerId, thread.pid, thread.uid, thread.gid);
  });

/** The working directory is the leader's, but a relative path continues the calling thread's own. */
function changeDirectory(thread: Thread, path: string): void {
  const { leader } = thread;
  if (!leader) return;
  const cwd = joinPath(thread.cwd, path);
  leader.cwd = cwd.endsWith("/") ? cwd : `${cwd}/`;
}

const exit: Update = (state, event) => {
  const { thread } = state;
  if (!thread) return;
  markDead(thread);
  state.endThread(event.tid);
  if (thread.firstChild) thread.reaperTid = event.int(REAPER, -1);
  if (thread.vtid === 1 && thread.vpid === 1 && thread.containerId !== "")
    state.endContainer(thread.containerId);
};
const REAPER = 4;

const switched: Update = (state, event) => {
  const { thread } = state;
  if (!thread || event.size(5) === 0) return;
  thread.pageFaultsMajor = event.uint(1, 0);
  thread.pageFaultsMinor = event.uint(2, 0);
  const { leader } = thread;
  if (!leader) return;
  leader.vmSize = event.uint(3, 0);
  leader.vmRss = event.uint(4, 0);
  leader.vmSwap = event.uint(5, 0);
};

const mapped: Update = (state, event) => {
  const { thread } = state;
  if (!thread) return;
  thread.vmSize = event.uint(1, thread.vmSize);
  if (event.size(3) === 0) return;
  thread.vmRss = event.uint(2, thread.vmRss);
  thread.vmSwap = event.uint(3, thread.vmSwap);
};

const resourceLimit = onSuccess((thread, event) => {
  const current = event.int(1, UNLIMITED);
  if (event.uint(3, 0) === RLIMIT_NOFILE && current !== UNLIMITED && thread.leader) {
    thread.leader.fdLimit = current;
  }
});

function limit(thread: Thread, event: EventCursor, state: State): void {
  const next = event.int(1, UNLIMITED);
  if (event.uint(6, 0) !== RLIMIT_NOFILE || next === UNLIMITED || event.size(5) === 0) return;
  const tid = event.int(5, 0);
  const target = tid === 0 ? thread : state.lookUp(tid, event);
  if (target && !target.isInvalid && target.leader) target.leader.fdLimit = next;
}

/** A new user namespace gives all capabilities within it. */
const enterUserNamespace = (param: number): Update =>
  onSuccess((thread, event) => {
    if ((event.uint(param, 0) & CLONE.NEWUSER) === 0) return;
    thread.program = {
      ...thread.program,
      capInheritable: ALL_CAPABILITIES,
      capPermitted: ALL_CAPABILITIES,
      capEffective: ALL_CAPABILITIES,
    };
  });

const prctl = onSuccess((thread, event) => {
  const option = event.uint(1, 0);
  if (option !== PR_SET_CHILD_SUBREAPER && option !== PR_GET_CHILD_SUBREAPER) return;
  if (thread.group) thread.group.reaper = event.int(3, 0) !== 0;
});

isSeldom(exit, changeDirectory, limit);
// Put into one compiled form, all that these call would be, over and over.
isSeldom(
  onSuccess(() => {}),
  onZero(() => {}),
);

export const processUpdates: UpdateTable = {
  [EVENT.PROCEXIT_1_E]: exit,
  [EVENT.SCHEDSWITCH_6_E]: switched,
  [EVENT.SYSCALL_BRK_4_X]: mapped,
  [EVENT.SYSCALL_MMAP_X]: mapped,
  [EVENT.SYSCALL_MMAP2_X]: mapped,
  [EVENT.SYSCALL_MUNMAP_X]: mapped,
  [EVENT.SYSCALL_GETRLIMIT_X]: resourceLimit,
  [EVENT.SYSCALL_SETRLIMIT_X]: resourceLimit,
  [EVENT.SYSCALL_PRLIMIT_X]: onZero(limit),
  [EVENT.SYSCALL_UNSHARE_X]: enterUserNamespace(1),
  [EVENT.SYSCALL_SETNS_X]: enterUserNamespace(2),
  [EVENT.SYSCALL_PRCTL_X]: prctl,
  [EVENT.SYSCALL_SETUID_X]: setUser(1),
  [EVENT.SYSCALL_SETREUID_X]: setUser(2),
  [EVENT.SYSCALL_SETRESUID_X]: setUser(2),
  [EVENT.SYSCALL_SETGID_X]: setGroup(1),
  [EVENT.SYSCALL_SETREGID_X]: setGroup(2),
  [EVENT.SYSCALL_SETRESGID_X]: setGroup(2),
  [EVENT.SYSCALL_SETSID_X]: onSuccess((thread, event) => {
    thread.sid = resultOf(event);
  }),
  [EVENT.SYSCALL_CAPSET_X]: onSuccess((thread, event) => {
    thread.program = {
      ...thread.program,
      capInheritable: event.bigint(1, false),
      capPermitted: event.bigint(2, false),
      capEffective: event.bigint(3, false),
    };
  }),
  [EVENT.SYSCALL_CHDIR_X]: onSuccess((thread, event) => changeDirectory(thread, textParam(event, 1))),
  [EVENT.SYSCALL_GETCWD_X]: onSuccess((thread, event) => changeDirectory(thread, textParam(event, 1))),
  [EVENT.SYSCALL_FCHDIR_X]: onSuccess((thread, _event, { fd }) => {
    if (fd) changeDirectory(thread, fd.name);
  }),
  [EVENT.SYSCALL_CHROOT_X]: onZero((thread, event, state) => {
    const path = textParam(event, 1);
    const relative = path !== "" && !path.startsWith("/") && path !== "<NA>";
    thread.root = relative ? joinPath(cwdOf(state, thread), path) : path;
    learnContainer(state, thread);
  }),
};
