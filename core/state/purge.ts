import type { State } from "./state.ts";
import { removeThread } from "./thread-table.ts";

/** Removes threads that were not seen for long and do not exist any more: their end was lost. */
export function purgeIdle(state: State, now: number): void {
  const { threadExists } = state;
  if (!threadExists) return;
  const before = now - state.limits.idleSeconds * 1e9;
  for (const thread of [...state.threads.values()]) {
    const isIdle = thread.lastSeen < before && thread.tid !== state.ownPid;
    if (isIdle && !threadExists(thread.tid)) removeThread(state, thread.tid);
  }
}
