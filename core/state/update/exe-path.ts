import type { EventCursor } from "../../event/cursor.ts";
import { joinPath } from "../../event/path.ts";
import { EVENT } from "../../schema/event-codes.ts";
import { cwdOf, directoryBase, fdOf } from "../lookup.ts";
import { textParam } from "../params.ts";
import type { State } from "../state.ts";
import type { Thread } from "../thread.ts";
import { enterOf } from "./enter.ts";

const DELETED = " (deleted)";
const AT_EMPTY_PATH = 1;
const TRUSTED_PATH = 27;

/** The kernel marks the path of a file that was unlinked; the file's path is what is wanted. */
export function withoutDeleted(path: string): string {
  return path.length > DELETED.length && path.endsWith(DELETED) ? path.slice(0, -DELETED.length) : path;
}

/** Path of the program an exec started; undefined when nothing tells, and the former path stays. */
export function exePathOf(state: State, thread: Thread, event: EventCursor): string | undefined {
  if (event.size(TRUSTED_PATH) > 0) return event.text(TRUSTED_PATH);
  // Captures from before the kernel told the path: what the program asked for has to do.
  const enter = enterOf(state, event.code);
  if (!enter) return undefined;
  if (enter.code !== EVENT.SYSCALL_EXECVEAT_E) {
    const path = textParam(enter, 0);
    return path === "<NA>" ? path : joinPath(cwdOf(state, thread), path);
  }
  const dirfd = enter.int(0, -1);
  const path = textParam(enter, 1);
  const ofDirfd = (enter.uint(2, 0) & AT_EMPTY_PATH) !== 0;
  const base = directoryBase(state, thread, dirfd, path);
  if (base !== "." && base !== "<UNKNOWN>") state.fd = fdOf(state, thread, dirfd);
  if ((!ofDirfd && path === "<NA>") || base === "<UNKNOWN>") return "<NA>";
  return ofDirfd ? joinPath("", base) : joinPath(base, path);
}
