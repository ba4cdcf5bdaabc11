import type { FdSeed, SeedSink, ThreadSeed } from "../event/source.ts";
import { addChild } from "./children.ts";
import { FD, type Fd, type SocketEnds } from "./fd.ts";
import { sameBytes } from "./interfaces.ts";
import { fdFromSeed, fromSeed } from "./seeds.ts";
import type { State } from "./state.ts";
import type { Thread } from "./thread.ts";
import { removeThread } from "./thread-table.ts";
import { learnContainer } from "./update/container.ts";

/** Two times of a thread's start that differ by more are of two threads: /proc counts in hundredths of a second from boot. */
const SAME_START_NS = 2_000_000_000n;

/** What an exec, a change of identity or a move may have made of a thread that was known before. */
const OF_THREADS = [
  "comm",
  "exe",
  "exePath",
  "args",
  "cgroups",
  "root",
  "uid",
  "gid",
  "loginUid",
  "sid",
  "vpgid",
  "pgid",
  "tty",
  "fdLimit",
  "program",
] as const;
const OF_PROCESSES = ["env", "cwd"] as const;

/**
 * Brings the tables up to what the system says now, when events were lost: enters threads and descriptors that are not known, and
 * corrects those that have become others. What does not exist any more stays until `removeUnseen`, since events of it may be on their way.
 */
export class Refresh implements SeedSink {
  readonly #state: State;
  readonly #seen = new Set<number>();

  constructor(state: State) {
    this.#state = state;
  }

  thread(seed: ThreadSeed): void {
    this.#seen.add(seed.tid);
    const state = this.#state;
    const known = state.threads.get(seed.tid);
    if (!known || known.isInvalid || isOther(known, seed)) {
      if (known) removeThread(state, seed.tid);
      state.seeds.thread(seed);
      return;
    }
    const now = fromSeed(seed);
    copy(OF_THREADS, now, known);
    if (known.isLeader) copy(OF_PROCESSES, now, known);
    const parent = state.threads.get(now.ptid);
    if (known.ptid !== now.ptid && parent && !parent.isInvalid && parent !== known) {
      known.ptid = now.ptid;
      addChild(parent, known);
    }
    learnContainer(state, known);
  }

  fd(seed: FdSeed): void {
    const known = this.#state.threads.get(seed.tid)?.fds.get(seed.fd);
    const now = fdFromSeed(seed);
    if (now && !(known && isSame(known, now))) this.#state.seeds.fd(seed);
  }

  /** Removes what the system did not show, if it does not exist now either and nothing was heard of it since `before` (nanoseconds since the epoch). */
  removeUnseen(before: number): void {
    const { threads, threadExists, ownPid } = this.#state;
    if (!threadExists) return;
    for (const { tid, lastSeen, pid } of [...threads.values()]) {
      if (this.#seen.has(tid) || lastSeen >= before || pid === ownPid || threadExists(tid)) continue;
      removeThread(this.#state, tid);
    }
  }

  machine(): void {}
  user(): void {}
  group(): void {}
  interface(): void {}
  restart(): void {}
}

function copy<const K extends keyof Thread>(names: readonly K[], from: Thread, to: Thread): void {
  for (const name of names) to[name] = from[name];
}

function isOther(known: Thread, seed: ThreadSeed): boolean {
  if (known.pid !== seed.pid) return true;
  const { cloneTime } = known;
  if (cloneTime === 0n || seed.cloneTime === 0n) return false;
  const apart = cloneTime - seed.cloneTime;
  return apart > SAME_START_NS || apart < -SAME_START_NS;
}

const FILES: ReadonlySet<number> = new Set([FD.FILE, FD.FILE_V2, FD.DIRECTORY, FD.MEMFD]);

/** Whether both describe the same open file, as far as can be told: events and /proc know different things of one. */
function isSame(known: Fd, now: Fd): boolean {
  const sameKind = known.kind === now.kind || (FILES.has(known.kind) && FILES.has(now.kind));
  if (!sameKind) return false;
  if (known.name === now.name) return true;
  if (known.ends && now.ends) return isSameEnds(known.ends, now.ends) || isTurned(known.ends, now.ends);
  if (FILES.has(now.kind)) return false;
  // What has no name of its own, and unix sockets, of which either side tells another part.
  return now.kind !== FD.FIFO || known.ino === now.ino;
}

const isSameEnds = (a: SocketEnds, b: SocketEnds): boolean =>
  a.sourcePort === b.sourcePort &&
  a.destPort === b.destPort &&
  sameBytes(a.sourceIp, b.sourceIp) &&
  sameBytes(a.destIp, b.destIp);

/** A server's side is kept with its client first. */
const isTurned = (a: SocketEnds, b: SocketEnds): boolean =>
  isSameEnds(a, { sourceIp: b.destIp, sourcePort: b.destPort, destIp: b.sourceIp, destPort: b.sourcePort });
