import type { EventCursor } from "../../event/cursor.ts";
import { isSeldom } from "../../ffi/seldom.ts";
import { EVENT } from "../../schema/event-codes.ts";
import { FD, Fd, OPEN_FLAG } from "../fd.ts";
import { inodeParam } from "../params.ts";
import { CLONE } from "../thread.ts";
import { resultOf, type Update, type UpdateTable } from "./update.ts";

const FCNTL = { DUPFD: 1, SETFD: 3, DUPFD_CLOEXEC: 26 } as const;
const FD_CLOEXEC = 1;
const CLOSE_RANGE_CLOEXEC = 4;
const EPOLL_CLOEXEC = 1;

const close: Update = (state, event) => {
  const { thread, fd } = state;
  if (thread && fd && resultOf(event) >= 0) state.endFd(thread, thread.lastEventFd);
};

const closeRange: Update = (state, event) => {
  const table = state.thread?.descriptors;
  if (!table || resultOf(event) < 0) return;
  const first = event.uint(1, 0);
  const last = event.uint(2, 0);
  const marksOnly = (event.uint(3, 0) & CLOSE_RANGE_CLOEXEC) !== 0;
  for (const [number, fd] of table) {
    if (number < 0 || number < first || number > last) continue;
    if (!marksOnly) table.delete(number);
    else if ((fd.openFlags & OPEN_FLAG.CLOEXEC) === 0) table.writable(number)!.openFlags |= OPEN_FLAG.CLOEXEC;
  }
};

/** The copy names the same open file; close-on-exec is each descriptor's own. */
function duplicate(fd: Fd, closeOnExec: boolean): Fd {
  const copy = fd.clone();
  copy.oldName = copy.name;
  copy.closeOnExec = closeOnExec;
  return copy;
}

const dup =
  (flagsParam: number): Update =>
  (state, event) => {
    const { thread, fd } = state;
    const number = resultOf(event);
    if (!thread || !fd || number < 0) return;
    if (number === 0) thread.flags |= CLONE.PIPE_DST;
    if (number === 1) thread.flags |= CLONE.PIPE_SRC;
    const closeOnExec = flagsParam >= 0 && (event.uint(flagsParam, 0) & OPEN_FLAG.CLOEXEC) !== 0;
    state.addFd(thread, number, duplicate(fd, closeOnExec));
  };

const fcntl: Update = (state, event) => {
  const { thread, fd } = state;
  const command = event.uint(2, 0);
  if (command !== FCNTL.DUPFD && command !== FCNTL.DUPFD_CLOEXEC && command !== FCNTL.SETFD) return;
  const result = resultOf(event);
  if (!thread || !fd || result < 0) return;
  if (command === FCNTL.SETFD) {
    const closeOnExec = (event.uint(3, 0) & FD_CLOEXEC) !== 0;
    if (fd.closeOnExec !== closeOnExec) state.ownFd()!.closeOnExec = closeOnExec;
  } else state.addFd(thread, result, duplicate(fd, command === FCNTL.DUPFD_CLOEXEC));
};

const pipe =
  (flagsParam: number): Update =>
  (state, event) => {
    const { thread } = state;
    if (!thread || resultOf(event) < 0) return;
    const ino = inodeParam(event, 3);
    for (const param of [1, 2]) {
      const fd = new Fd(FD.FIFO);
      fd.ino = ino;
      fd.openFlags = flagsParam < 0 ? 0 : event.uint(flagsParam, 0);
      state.addFd(thread, event.int(param, -1), fd);
    }
  };

const noFlags = (): number => 0;
const flagsOf =
  (param: number) =>
  (event: EventCursor): number =>
    event.uint(param, 0);

/** Calls that return a new descriptor of one kind, with nothing to know but its flags. */
const creates =
  (kind: number, flags: (event: EventCursor) => number = noFlags): Update =>
  (state, event) => {
    const number = resultOf(event);
    if (!state.thread || number < 0) return;
    const fd = new Fd(kind);
    fd.openFlags = flags(event);
    state.addFd(state.thread, number, fd);
  };

const pidfdOpen: Update = (state, event) => {
  const number = resultOf(event);
  if (!state.thread || number < 0) return;
  const fd = new Fd(FD.PIDFD);
  fd.pid = event.int(1, 0);
  fd.name = `${state.hostRoot}/proc/${fd.pid}`;
  fd.openFlags = event.uint(2, 0);
  state.addFd(state.thread, number, fd);
};

/** Takes a descriptor of another process, which a pidfd names. */
const pidfdGetfd: Update = (state, event) => {
  const { thread } = state;
  const pidfd = thread?.descriptors?.get(event.int(1, -1));
  if (!thread || pidfd?.kind !== FD.PIDFD) return;
  const target = state.threads.get(pidfd.pid)?.descriptors?.get(event.int(2, -1));
  if (target) state.addFd(thread, resultOf(event), duplicate(target, true));
};

isSeldom(fcntl, closeRange, duplicate, dup(-1), pipe(-1), creates(FD.EVENT), pidfdOpen, pidfdGetfd);

export const descriptorUpdates: UpdateTable = {
  [EVENT.SYSCALL_CLOSE_X]: close,
  [EVENT.SYSCALL_CLOSE_RANGE_X]: closeRange,
  [EVENT.SYSCALL_DUP_1_X]: dup(-1),
  [EVENT.SYSCALL_DUP2_X]: dup(-1),
  [EVENT.SYSCALL_DUP3_X]: dup(3),
  [EVENT.SYSCALL_FCNTL_X]: fcntl,
  [EVENT.SYSCALL_PIPE_X]: pipe(-1),
  [EVENT.SYSCALL_PIPE2_X]: pipe(4),
  [EVENT.SYSCALL_EVENTFD_X]: creates(FD.EVENT),
  [EVENT.SYSCALL_EVENTFD2_X]: creates(FD.EVENT, flagsOf(1)),
  [EVENT.SYSCALL_SIGNALFD_X]: creates(FD.SIGNALFD),
  [EVENT.SYSCALL_SIGNALFD4_X]: creates(FD.SIGNALFD, flagsOf(1)),
  [EVENT.SYSCALL_TIMERFD_CREATE_X]: creates(FD.TIMERFD, flagsOf(2)),
  [EVENT.SYSCALL_INOTIFY_INIT_X]: creates(FD.INOTIFY),
  [EVENT.SYSCALL_INOTIFY_INIT1_X]: creates(FD.INOTIFY, flagsOf(1)),
  [EVENT.SYSCALL_BPF_2_X]: creates(FD.BPF),
  [EVENT.SYSCALL_USERFAULTFD_X]: creates(FD.USERFAULTFD),
  [EVENT.SYSCALL_IO_URING_SETUP_X]: creates(FD.IO_URING),
  [EVENT.SYSCALL_EPOLL_CREATE_X]: creates(FD.EVENTPOLL),
  [EVENT.SYSCALL_EPOLL_CREATE1_X]: creates(FD.EVENTPOLL, (event) =>
    (event.uint(1, 0) & EPOLL_CLOEXEC) !== 0 ? OPEN_FLAG.CLOEXEC : 0,
  ),
  [EVENT.SYSCALL_PIDFD_OPEN_X]: pidfdOpen,
  [EVENT.SYSCALL_PIDFD_GETFD_X]: pidfdGetfd,
};
