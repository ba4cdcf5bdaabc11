import type { Thread } from "./thread.ts";

/** The threads of one process. A leader that ended stays until its last thread is gone. */
export class ThreadGroup {
  readonly pid: number;
  /** Takes over orphans: init of a pid namespace, or one that asked for it with prctl(2). */
  reaper: boolean;
  /** Threads that have not ended. */
  alive = 0;
  leader: Thread | undefined = undefined;
  /** The other threads are a list that runs through themselves, in the order they came. */
  #first: Thread | undefined = undefined;
  #last: Thread | undefined = undefined;

  constructor(pid: number, reaper: boolean) {
    this.pid = pid;
    this.reaper = reaper;
  }

  /** Threads other than the leader. The one that is looked at may be removed. */
  *others(): Generator<Thread> {
    for (let thread = this.#first; thread; ) {
      const next = thread.nextInGroup;
      yield thread;
      thread = next;
    }
  }

  get isEmpty(): boolean {
    return this.leader === undefined && this.#first === undefined;
  }

  /** Enters a thread that is in no group yet. */
  add(thread: Thread): void {
    this.alive++;
    if (thread.isLeader) {
      this.leader = thread;
      return;
    }
    const last = this.#last;
    thread.previousInGroup = last;
    if (last) last.nextInGroup = thread;
    else this.#first = thread;
    this.#last = thread;
  }

  /** Takes one of its threads out. */
  remove(thread: Thread): void {
    if (this.leader === thread) {
      this.leader = undefined;
      return;
    }
    const { nextInGroup, previousInGroup } = thread;
    if (previousInGroup) previousInGroup.nextInGroup = nextInGroup;
    else if (this.#first === thread) this.#first = nextInGroup;
    else return;
    if (nextInGroup) nextInGroup.previousInGroup = previousInGroup;
    else this.#last = previousInGroup;
    thread.nextInGroup = undefined;
    thread.previousInGroup = undefined;
  }

  /** A thread that has not ended, the leader first; `except` is passed over. */
  survivor(except?: Thread): Thread | undefined {
    if (this.leader && !this.leader.dead && this.leader !== except) return this.leader;
    for (const thread of this.others()) if (!thread.dead && thread !== except) return thread;
    return undefined;
  }
}
