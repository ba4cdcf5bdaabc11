import { joinPath } from "../event/path.ts";
import { isSeldom } from "../ffi/seldom.ts";
import type { Fd } from "./fd.ts";
import type { State } from "./state.ts";
import type { Thread } from "./thread.ts";

export const AT_FDCWD = -100;
const SLASH = 0x2f;

/** The thread that holds what a process shares: descriptors, working directory, environment. */
export function leaderOf(_state: State, thread: Thread): Thread | undefined {
  return thread.leader;
}

/** The nth ancestor process; 0 is the process itself. */
export function ancestorOf(state: State, thread: Thread, n: number): Thread | undefined {
  let at = thread.leader;
  for (let i = 0; i < n && at; i++) at = state.threads.get(at.ptid)?.leader;
  return at;
}

/** The working directory, ending in a slash. */
export function cwdOf(_state: State, thread: Thread): string {
  const { leader } = thread;
  return leader ? leader.cwd : "./";
}

/** The descriptor's entry in the process's table. */
export function fdOf(_state: State, thread: Thread, fd: number): Fd | undefined {
  return thread.descriptors?.get(fd);
}

/** What a path given to an *at call is relative to: cwd, the directory's name with a slash, or `<UNKNOWN>`. */
export function directoryBase(state: State, thread: Thread | undefined, dirfd: number, path: string): string {
  if (path.charCodeAt(0) === SLASH) return ".";
  if (!thread) return "<UNKNOWN>";
  if (dirfd === AT_FDCWD) return cwdOf(state, thread);
  const name = fdOf(state, thread, dirfd)?.name;
  if (name === undefined) return "<UNKNOWN>";
  if (name === "") return name;
  if (name === lastName) return lastBase;
  lastBase = name.endsWith("/") ? name : `${name}/`;
  lastName = name;
  return lastBase;
}

/** Programs open one file after the other below a directory; the very same text as before is quickly told equal. */
let lastName = "";
let lastBase = "";

isSeldom(directoryBase);

/** A path given to an *at call, resolved as far as the tables allow. */
export function resolveAt(state: State, thread: Thread | undefined, dirfd: number, path: string): string {
  return joinPath(directoryBase(state, thread, dirfd, path), path);
}
