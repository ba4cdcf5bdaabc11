import type { Thread } from "./thread.ts";

/** The threads of one process. A leader that ended stays until its last thread is gone. */
export class ThreadGroup {
  readonly pid: number;
  /** Takes over orphans: init of a pid namespace, or one that asked for it with prctl(2). */
  reaper: boolean;
  /** Threads that have not ended. */
  alive = 0;
  leader: Thread | undefined = undefined;
  /** The other threads; most processes have none. */
  #others: Set<Thread> | undefined = undefined;

  constructor(pid: number, reaper: boolean) {
    this.pid = pid;
    this.reaper = reaper;
  }

  /** Threads other than the leader. */
  get others(): Iterable<Thread> {
    return this.#others ?? [];
  }

  get isEmpty(): boolean {
    return this.leader === undefined && !this.#others?.size;
  }

  add(thread: Thread): void {
    this.alive++;
    if (thread.isLeader) {
      this.leader = thread;
      return;
    }
    this.#others ??= new Set();
    this.#others.add(thread);
  }

  remove(thread: Thread): void {
    if (this.leader === thread) this.leader = undefined;
    else this.#others?.delete(thread);
  }

  /** A thread that has not ended, the leader first; `except` is passed over. */
  survivor(except?: Thread): Thread | undefined {
    if (this.leader && !this.leader.dead && this.leader !== except) return this.leader;
    for (const thread of this.others) if (!thread.dead && thread !== except) return thread;
    return undefined;
  }
}
