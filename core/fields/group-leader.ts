import type { State } from "../state/state.ts";
import type { Thread } from "../state/thread.ts";
import { ancestorsOf } from "./ancestors.ts";
import type { Reader } from "./field.ts";

export type GroupKind = "sid" | "vpgid" | "pgid";

/** Process ids of sessions and groups count in the pid namespace, so they name a thread of the table only outside one. */
function inPidNamespace(thread: Thread): boolean {
  return (thread.flags & CHILD_IN_PIDNS) !== 0 || (thread.vtid >= 0 && thread.tid !== thread.vtid);
}
const CHILD_IN_PIDNS = 0x2000_0000;

function findLeader(state: State, thread: Thread, kind: GroupKind): Thread | undefined {
  const id = thread[kind];
  if (kind === "pgid" || !inPidNamespace(thread)) {
    const named = state.threads.get(id);
    if (named) return named;
  }
  // The leader may be gone or out of sight: take the oldest of the nearest ancestors that share the id.
  let leader: Thread | undefined;
  for (const ancestor of ancestorsOf(state, thread)) {
    if (ancestor[kind] !== id) break;
    leader = ancestor;
  }
  return leader;
}

/** A field of the session's or process group's leader; empty when it is not known. */
export function groupLeader(kind: GroupKind, read: (leader: Thread) => string): Reader<string | undefined> {
  return ({ state }) => {
    const { thread } = state;
    if (!thread) return undefined;
    const leader = thread[kind] === -1 ? undefined : findLeader(state, thread, kind);
    return leader ? read(leader) : "";
  };
}
