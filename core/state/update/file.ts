import type { EventCursor } from "../../event/cursor.ts";
import { joinPath } from "../../event/path.ts";
import { standsAlone } from "../../ffi/stands-alone.ts";
import { EVENT } from "../../schema/event-codes.ts";
import { FD, Fd, OPEN_FLAG } from "../fd.ts";
import { cwdOf, directoryBase } from "../lookup.ts";
import { inodeParam, textParam } from "../params.ts";
import type { State } from "../state.ts";
import type { Thread } from "../thread.ts";
import { enterOf } from "./enter.ts";
import { resultOf, type Update, type UpdateTable } from "./update.ts";

/** Where an opening call keeps its parameters; -1 for those it has none of. */
interface OpenLayout {
  readonly dirfd: number;
  readonly name: number;
  readonly flags: number;
  readonly dev: number;
  readonly ino: number;
  /** The same in its enter event. */
  readonly enter: { readonly dirfd: number; readonly name: number; readonly flags: number } | undefined;
}

/** Flags that only the kernel knows: they stand in the exit event alone. */
const KERNEL_FLAGS = ~(OPEN_FLAG.F_CREATED - 1);

const open =
  (layout: OpenLayout): Update =>
  (state, event) => {
    const { thread } = state;
    const result = resultOf(event);
    // A failed open leaves nothing behind; fields read its parameters themselves.
    if (!thread || result < 0) return;
    enter(state, thread, event, result, layout, layout.flags < 0 ? 0 : event.uint(layout.flags, 0));
  };

function enter(
  state: State,
  thread: Thread,
  event: EventCursor,
  number: number,
  layout: OpenLayout,
  exitFlags: number,
): void {
  let name = textParam(event, layout.name);
  let flags = exitFlags;
  let dirfd = layout.dirfd < 0 ? undefined : dirfdOf(event, layout.dirfd);
  // What the call was given when it started counts: the memory may have been changed since.
  const asked = layout.enter && enterOf(state, event.code);
  if (layout.enter && asked) {
    const askedName = textParam(asked, layout.enter.name);
    if (askedName !== "<NA>") {
      name = askedName;
      const askedFlags = layout.enter.flags < 0 ? 0 : asked.uint(layout.enter.flags, 0);
      flags = askedFlags | (flags & KERNEL_FLAGS);
      if (layout.enter.dirfd >= 0) dirfd = dirfdOf(asked, layout.enter.dirfd);
    }
  }
  const fd = new Fd((flags & OPEN_FLAG.DIRECTORY) !== 0 ? FD.DIRECTORY : FD.FILE_V2);
  fd.nameRaw = name;
  fd.name = joinPath(baseOf(state, thread, layout, dirfd, name), name);
  fd.openFlags = flags;
  if (event.size(layout.ino) > 0) {
    fd.dev = event.uint(layout.dev, 0);
    fd.ino = inodeParam(event, layout.ino);
  } else {
    fd.dev = event.uint(layout.dev, 0);
  }
  fd.layer = flags & (OPEN_FLAG.UPPER_LAYER | OPEN_FLAG.LOWER_LAYER);
  state.addFd(thread, number, fd);
}

// Each of the calls below has it.
standsAlone(enter, baseOf);

const dirfdOf = (event: EventCursor, param: number): number | undefined =>
  event.size(param) > 0 ? event.int(param, 0) : undefined;

function baseOf(
  state: State,
  thread: Thread,
  layout: OpenLayout,
  dirfd: number | undefined,
  name: string,
): string {
  if (layout.enter === undefined) return "";
  if (layout.dirfd < 0) return cwdOf(state, thread);
  return dirfd === undefined ? "" : directoryBase(state, thread, dirfd, name);
}

const AT = { dirfd: 1, name: 2, flags: 3, enter: { dirfd: 0, name: 1, flags: 2 } } as const;
const CREAT: OpenLayout = {
  dirfd: -1,
  name: 1,
  flags: -1,
  dev: 3,
  ino: 4,
  enter: { dirfd: -1, name: 0, flags: -1 },
};
const CREAT_FLAGS = 5;
const CREAT_LAYER = { UPPER: 1, LOWER: 2 } as const;

const creat: Update = (state, event) => {
  const { thread } = state;
  const result = resultOf(event);
  if (!thread || result < 0) return;
  const layer = event.uint(CREAT_FLAGS, 0);
  const flags =
    (layer & CREAT_LAYER.UPPER) !== 0
      ? OPEN_FLAG.UPPER_LAYER
      : (layer & CREAT_LAYER.LOWER) !== 0
        ? OPEN_FLAG.LOWER_LAYER
        : 0;
  enter(state, thread, event, result, CREAT, flags);
};

/** Failed calls enter a descriptor of no kind below their negative number. */
const memfd: Update = (state, event) => {
  const { thread } = state;
  if (!thread) return;
  const number = resultOf(event);
  const fd = new Fd(number >= 0 ? FD.MEMFD : FD.UNKNOWN);
  if (number >= 0) {
    fd.name = textParam(event, 1);
    fd.openFlags = event.uint(2, 0);
  }
  state.addFd(thread, number, fd);
};

export const fileUpdates: UpdateTable = {
  [EVENT.SYSCALL_OPEN_X]: open({
    dirfd: -1,
    name: 1,
    flags: 2,
    dev: 4,
    ino: 5,
    enter: { dirfd: -1, name: 0, flags: 1 },
  }),
  [EVENT.SYSCALL_OPENAT_2_X]: open({ ...AT, dev: 5, ino: 6 }),
  [EVENT.SYSCALL_OPENAT2_X]: open({ ...AT, dev: 6, ino: 7 }),
  [EVENT.SYSCALL_OPEN_BY_HANDLE_AT_X]: open({
    dirfd: -1,
    name: 3,
    flags: 2,
    dev: 4,
    ino: 5,
    enter: undefined,
  }),
  [EVENT.SYSCALL_CREAT_X]: creat,
  [EVENT.SYSCALL_MEMFD_CREATE_X]: memfd,
};
