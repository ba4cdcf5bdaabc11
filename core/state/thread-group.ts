import type { Thread } from "./thread.ts";

/** The threads of one process. A leader that ended stays until its last thread is gone. */
export class ThreadGroup {
  readonly pid: number;
  /** Takes over orphans: init of a pid namespace, or one that asked for it with prctl(2). */
  reaper: boolean;
  /** Threads that have not ended. */
  alive = 0;
  leader: Thread | undefined;
  readonly threads = new Set<Thread>();

  constructor(pid: number, reaper: boolean) {
    this.pid = pid;
    this.reaper = reaper;
  }

  add(thread: Thread): void {
    this.threads.add(thread);
    this.alive++;
    if (thread.isLeader) this.leader = thread;
  }

  remove(thread: Thread): void {
    this.threads.delete(thread);
    if (this.leader === thread) this.leader = undefined;
  }

  /** A thread that has not ended, the leader first; `except` is passed over. */
  survivor(except?: Thread): Thread | undefined {
    if (this.leader && !this.leader.dead && this.leader !== except) return this.leader;
    for (const thread of this.threads) if (!thread.dead && thread !== except) return thread;
    return undefined;
  }
}
