import type { EventCursor } from "../../event/cursor.ts";
import { isSeldom } from "../../ffi/seldom.ts";
import { FD } from "../fd.ts";
import type { State } from "../state.ts";

/** struct cmsghdr of 64-bit programs: | length u64, this header included | level i32 | type i32 | data …, the next one at a multiple of 8. */
const HEADER = 16;
const ALIGN = 8;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
/** Descriptors that the kernel passes at most with one message. */
const MAX_FDS = 253;

/** Numbers of the descriptors that arrived with a message, of its control data (cmsg(3)); none where that is cut off or malformed. */
export function passedDescriptors(control: Buffer): number[] {
  const fds: number[] = [];
  for (let at = 0; at + HEADER <= control.length; ) {
    const length = control.readUInt32LE(at);
    if (control.readUInt32LE(at + 4) !== 0 || length < HEADER || at + length > control.length) break;
    if (control.readInt32LE(at + 8) === SOL_SOCKET && control.readInt32LE(at + 12) === SCM_RIGHTS) {
      if (length % 4 !== 0 || length - HEADER > 4 * MAX_FDS) break;
      for (let i = HEADER; i < length; i += 4) fds.push(control.readInt32LE(at + i));
    }
    at += Math.ceil(length / ALIGN) * ALIGN;
  }
  return fds;
}

/** Descriptors that came over a unix socket were opened by another process: what they are is asked of the system. */
export function learnPassed(state: State, event: EventCursor, param: number): void {
  if (!state.fetchFds || !state.thread || state.fd?.kind !== FD.UNIX_SOCK || event.size(param) < HEADER)
    return;
  const fds = passedDescriptors(event.slice(param));
  if (fds.length === 0 || !state.mayLookUp(event.approximateTime)) return;
  state.fetchFds(state.thread.pid, fds, state.seeds);
}

isSeldom(learnPassed, passedDescriptors);
