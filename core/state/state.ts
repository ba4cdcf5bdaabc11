// hot path
import type { EventCursor } from "../event/cursor.ts";
import type { GroupSeed, MachineInfo, SeedSink, UserSeed } from "../event/source.ts";
import { isSeldom } from "../ffi/seldom.ts";
import { standsAlone } from "../ffi/stands-alone.ts";
import type { Container } from "../metadata/container.ts";
import type { FindContainer } from "../metadata/monitor.ts";
import { EVENT } from "../schema/event-codes.ts";
import { BINDING, BINDINGS, FD_PARAMS, IS_META, USES_FD } from "./event-traits.ts";
import type { Fd } from "./fd.ts";
import { Interfaces } from "./interfaces.ts";
import { DEFAULT_LIMITS, type StateLimits } from "./limits.ts";
import { purgeIdle } from "./purge.ts";
import { RecentExits } from "./recent-exits.ts";
import { Seeds } from "./seeds.ts";
import { Thread } from "./thread.ts";
import type { ThreadGroup } from "./thread-group.ts";
import { addThread, asUnknown, groupOf, removeThread } from "./thread-table.ts";
import { Threads } from "./threads.ts";
import { UPDATES } from "./update/all.ts";
import { forgetContainer } from "./update/container.ts";
import { Users } from "./users.ts";

const SECOND = 1e9;
const NONE = -1;

/** The plugin that an event came from. */
interface EventPlugin {
  readonly name: string;
  describe(event: EventCursor): string | undefined;
}

/**
 * What events have taught us, and what of it the current event concerns. `apply` runs before rules look,
 * `settle` after: what an event ends (a closed descriptor, a dead thread) is still there while rules look.
 */
export class State {
  readonly threads = new Threads();
  /** Processes whose first thread is not in the table, by their id; see groupOf. */
  readonly headless = new Map<number, ThreadGroup>();
  /** Known containers by short id. */
  readonly containers = new Map<string, Container>();
  readonly accounts = new Users();
  readonly interfaces = new Interfaces();
  readonly recentExits = new RecentExits();
  /** Takes what a source knows of the time before the first event. */
  readonly seeds = new Seeds(this);
  readonly limits: StateLimits;
  readonly counters = { threadsDropped: 0, fdsDropped: 0, lookups: 0, unknownThreads: 0 };
  /** The machine the events come from. */
  machine: MachineInfo = { hostname: "", cpus: 0, memoryBytes: 0n, bootTime: 0n };
  hostname = "";
  /** What times counted from boot are added to, nanoseconds since the epoch. */
  bootTime = 0n;
  /** Name of the event source, as rules name it. */
  sourceName: string | undefined = "syscall";
  plugin: EventPlugin | undefined = undefined;
  /** Time of the first event that is not a meta event. */
  firstEventTime: bigint | undefined = undefined;
  /** Where the watched machine's file system is mounted, when it is not our own. */
  hostRoot = "";
  /** Our own process, which always finds room in the table. */
  ownPid: number | undefined = undefined;
  /** Live sources: looks a thread up from the system and hands over its seeds (thread, descriptors). */
  fetchThread: ((tid: number, sink: SeedSink) => void) | undefined = undefined;
  /** Live sources: looks up descriptors of a process and hands over their seeds. */
  fetchFds: ((pid: number, fds: readonly number[], sink: SeedSink) => void) | undefined = undefined;
  /** Live sources: what the container's runtime tells that is not known yet. */
  findContainer: FindContainer | undefined = undefined;
  /** Live sources: whether the thread still exists. */
  threadExists: ((tid: number) => boolean) | undefined = undefined;

  /** The current event's thread; undefined when it has none. */
  thread: Thread | undefined = undefined;
  /** The thread looked up last, as long as it is in the table: events come in runs of one thread. */
  recent: Thread | undefined = undefined;
  /** The current event's descriptor entry. */
  fd: Fd | undefined = undefined;
  /** Whether the enter event kept in the thread belongs to the current exit event. */
  enterMatches = false;

  #seeding = true;
  #entering = false;
  #exitingTid = NONE;
  #closingThread: Thread | undefined = undefined;
  #closingFd = NONE;
  #endingContainer = "";
  #lookupSecond = 0;
  #lookupsInSecond = 0;
  #nextPurge = 0;

  constructor(limits: Partial<StateLimits> = {}) {
    this.limits = { ...DEFAULT_LIMITS, ...limits };
    isSeldom(this.#endExiting);
  }

  /** Binds the event to its thread and descriptor and learns from it. */
  apply(event: EventCursor): void {
    if (this.#seeding) {
      this.#seeding = false;
      this.seeds.finish();
    }
    if (this.firstEventTime === undefined && IS_META[event.code] === 0) this.firstEventTime = event.time;
    this.bind(event);
    UPDATES[event.code]?.(this, event);
  }

  /** Removes what the event ended. */
  settle(): void {
    if (this.#closingFd !== NONE) {
      this.#closingThread?.descriptors?.delete(this.#closingFd);
      this.#closingThread = undefined;
      this.#closingFd = NONE;
    }
    if (this.#exitingTid !== NONE) this.#endExiting();
    // An exit event has used the enter event before it, or never will.
    if (!this.#entering && this.thread?.enterRecord) this.thread.enterRecord = undefined;
  }

  #endExiting(): void {
    const tid = this.#exitingTid;
    this.#exitingTid = NONE;
    const thread = this.threads.get(tid);
    if (thread) this.recentExits.add(thread.ptid, tid, thread.lastSeen);
    removeThread(this, tid);
    if (this.#endingContainer === "") return;
    forgetContainer(this, this.#endingContainer);
    this.#endingContainer = "";
  }

  /** Sets thread and fd; an update that replaced the event's thread does so again. */
  bind(event: EventCursor): void {
    const { code } = event;
    this.fd = undefined;
    this.enterMatches = false;
    const isEnter = (code & 1) === 0;
    this.#entering = isEnter;
    const binding = BINDINGS[code]!;
    if (binding === BINDING.NONE) {
      this.thread = undefined;
      return;
    }
    const thread = binding === BINDING.ANY ? this.lookUp(event.tid, event) : this.threads.get(event.tid);
    this.thread = thread;
    if (!thread || binding === BINDING.KNOWN_ONLY) return;
    const now = event.approximateTime;
    thread.lastSeen = now;
    if (now > this.#nextPurge) this.#purge(now);
    if (isEnter) {
      thread.lastEnterCode = code;
      thread.lastEventFd = NONE;
    } else if (
      thread.lastEnterCode === code - 1 ||
      (code === EVENT.SYSCALL_EXECVE_19_X && thread.lastEnterCode === EVENT.SYSCALL_EXECVEAT_E)
    ) {
      this.enterMatches = thread.enterRecord !== undefined;
    } else {
      thread.lastEventFd = NONE;
    }
    if (USES_FD[code] === 1) this.#bindFd(event, thread, isEnter);
  }

  #bindFd(event: EventCursor, thread: Thread, isEnter: boolean): void {
    const param = FD_PARAMS[event.code]!;
    if (param >= 0 && (isEnter || thread.lastEventFd === NONE)) {
      thread.lastEventFd = event.int(param, NONE);
    }
    if (thread.lastEventFd < 0) return;
    const fd = thread.descriptors?.get(thread.lastEventFd);
    if (!fd) return;
    // Most have it already, and a store into what has lived long is not cheap.
    if (fd.oldName !== fd.name) fd.oldName = fd.name;
    this.fd = fd;
  }

  /**
   * The thread of that id: from the table, else from the system, else a new entry of which nothing but the
   * id is known. Undefined when the table is full.
   */
  lookUp(tid: number, event?: EventCursor): Thread | undefined {
    if (this.recent?.tid !== tid) this.recent = this.threads.get(tid) ?? this.#fetch(tid, event);
    return this.recent;
  }

  #fetch(tid: number, event: EventCursor | undefined): Thread | undefined {
    if (this.fetchThread && event && this.mayLookUp(event.approximateTime)) {
      this.counters.lookups++;
      this.fetchThread(tid, this.seeds);
      const fetched = this.threads.get(tid);
      if (fetched) return fetched;
    }
    this.counters.unknownThreads++;
    const unknown = asUnknown(new Thread(tid));
    return addThread(this, unknown) ? unknown : undefined;
  }

  /** Whether the system may be asked once more in the second of this time (nanoseconds since the epoch); counts as if it was. */
  mayLookUp(now: number): boolean {
    const second = Math.floor(now / SECOND);
    if (second !== this.#lookupSecond) {
      this.#lookupSecond = second;
      this.#lookupsInSecond = 0;
    }
    return this.#lookupsInSecond++ < this.limits.lookupsPerSecond;
  }

  #purge(now: number): void {
    if (this.#nextPurge > 0) purgeIdle(this, now);
    this.#nextPurge = now + this.limits.purgeSeconds * SECOND;
  }

  /** The thread goes when the event has been looked at. */
  endThread(tid: number): void {
    this.#exitingTid = tid;
  }

  /** The descriptor goes when the event has been looked at. */
  endFd(thread: Thread, fd: number): void {
    this.#closingThread = thread;
    this.#closingFd = fd;
  }

  /** What is known of the container goes when the event has been looked at. */
  endContainer(id: string): void {
    this.#endingContainer = id;
  }

  /**
   * Enters a descriptor into the table of the thread's process and makes it the event's. Processes that are
   * not known have no table.
   */
  addFd(thread: Thread, number: number, fd: Fd): void {
    const table = thread.descriptors;
    this.fd = undefined;
    if (!table) return;
    thread.lastEventFd = number;
    if (table.size >= this.limits.fdsPerProcess && !table.has(number)) {
      this.counters.fdsDropped++;
      return;
    }
    table.set(number, fd);
    this.fd = fd;
  }

  /** The current event's descriptor, to be changed: processes that share the entry keep what they have. */
  ownFd(): Fd | undefined {
    const { thread, fd } = this;
    if (!fd || !thread) return fd;
    const own = thread.descriptors?.writable(thread.lastEventFd);
    // An entry that is not the table's any more is nobody else's either.
    if (own && own.name === fd.name && own.kind === fd.kind) this.fd = own;
    return this.fd;
  }

  /** The user of that number where the current thread runs. */
  user(uid: number): UserSeed | undefined {
    return this.accounts.user(this.thread?.containerId ?? "", uid);
  }

  group(gid: number): GroupSeed | undefined {
    return this.accounts.group(this.thread?.containerId ?? "", gid);
  }

  userName = (uid: number): string | undefined => this.user(uid)?.name;
  groupName = (gid: number): string | undefined => this.group(gid)?.name;

  /** Threads of the process that have not ended. */
  liveThreads(pid: number): number {
    return Math.max(0, groupOf(this, pid)?.alive ?? 0);
  }

  /** Whether the address is one of this machine's, or of the container the current thread runs in. */
  isLocalAddress(ip: Uint8Array): boolean {
    return this.interfaces.isLocal(ip, this.thread?.containerId ?? "", this.containers);
  }

  /** The name an address was looked up by, when one is known. */
  hostNameOf(_ip: Uint8Array): string | undefined {
    return undefined;
  }

  /** Forgets everything; another capture follows. */
  restart(): void {
    this.threads.clear();
    this.headless.clear();
    this.recent = undefined;
    this.containers.clear();
    this.accounts.clear();
    this.interfaces.clear();
    this.thread = undefined;
    this.fd = undefined;
    this.#seeding = true;
    this.#exitingTid = NONE;
    this.#closingThread = undefined;
    this.#closingFd = NONE;
  }
}

standsAlone(State.prototype.addFd, State.prototype.lookUp);
