/**
 * The seam between where events come from and what is made of them. Every source (the probe, ptrace, a
 * capture file, a plugin, an API client) hands over the same bytes: the capture file's event record.
 *
 *   0        8        16    20    22       26
 *   | ts u64 | tid u64 | len u32 | type u16 | nparams u32 | lengths (u16 or u32 each) | parameters … |
 *
 * All little-endian; `len` counts the whole record, header included; lengths are u32 for event types
 * flagged EF_LARGE_PAYLOAD.
 */
export const EVENT_HEADER_SIZE = 26;

/** What was running before the first event: from /proc or from a capture's process list. */
export interface ThreadSeed {
  readonly tid: number;
  readonly pid: number;
  readonly ptid: number;
  readonly sid: number;
  readonly vpgid: number;
  readonly pgid: number;
  readonly vtid: number;
  readonly vpid: number;
  readonly comm: string;
  readonly exe: string;
  readonly exePath: string;
  readonly exeWritable: boolean;
  readonly exeUpperLayer: boolean;
  readonly exeLowerLayer: boolean;
  readonly exeFromMemfd: boolean;
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly root: string;
  readonly fdLimit: number;
  readonly flags: number;
  readonly uid: number;
  readonly gid: number;
  readonly loginUid: number;
  readonly vmSize: number;
  readonly vmRss: number;
  readonly vmSwap: number;
  readonly pageFaultsMajor: number;
  readonly pageFaultsMinor: number;
  /** Lines `subsystem=path`. */
  readonly cgroups: readonly string[];
  readonly tty: number;
  /** Nanoseconds since the epoch; 0 when unknown. */
  readonly cloneTime: bigint;
  readonly pidnsInitStart: bigint;
  readonly capInheritable: bigint;
  readonly capPermitted: bigint;
  readonly capEffective: bigint;
  readonly exeIno: bigint;
  readonly exeCtime: bigint;
  readonly exeMtime: bigint;
}

/** A descriptor's kind; the numbers are the capture file's (`scap_fd_type`). */
export type FdKind = number;

export interface FdSeed {
  readonly tid: number;
  readonly fd: number;
  readonly ino: bigint;
  readonly kind: FdKind;
  /** Path, unix socket path, or the like; empty when the kind has none. */
  readonly name: string;
  readonly openFlags?: number;
  readonly mountId?: number;
  readonly dev?: number;
  readonly l4?: number;
  /** Network sockets: 4 or 16 bytes each, network order; server sockets have no remote side. */
  readonly localIp?: Uint8Array;
  readonly localPort?: number;
  readonly remoteIp?: Uint8Array;
  readonly remotePort?: number;
  /** Unix sockets: kernel addresses of both ends. */
  readonly unixSource?: bigint;
  readonly unixDestination?: bigint;
}

export interface UserSeed {
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
  readonly home: string;
  readonly shell: string;
}

export interface GroupSeed {
  readonly gid: number;
  readonly name: string;
}

export interface MachineInfo {
  readonly hostname: string;
  readonly cpus: number;
  readonly memoryBytes: bigint;
  /** Nanoseconds since the epoch at boot. */
  readonly bootTime: bigint;
  /** Set for captures: the machine is not the one we run on. */
  readonly isRecorded?: boolean;
}

/** An address of the machine: 4 or 16 bytes each, network order. */
export interface InterfaceSeed {
  readonly name: string;
  readonly ip: Uint8Array;
  readonly netmask: Uint8Array;
}

/** Where the seeds of what already runs go. */
export interface SeedSink {
  machine(info: MachineInfo): void;
  thread(seed: ThreadSeed): void;
  fd(seed: FdSeed): void;
  user(seed: UserSeed): void;
  group(seed: GroupSeed): void;
  interface(seed: InterfaceSeed): void;
  /** Everything known so far is void, the seeds of another machine follow: captures can be concatenated. */
  restart(): void;
}

/** What a source feeds. Called on the hot path: implementations must not allocate per event. */
export interface Sink extends SeedSink {
  /**
   * `bytes` and `view` span the same memory; the record lies at `offset`, with all the bytes that it says to have, and is valid during the
   * call only. False: nothing was made of it, since its parameters do not lie inside it.
   */
  event(bytes: Buffer, view: DataView, offset: number, cpu: number): boolean;
  /** Takes an event that only tells how things stand and that rules do not look at; absent where that is no difference. */
  learn?(bytes: Buffer, view: DataView, offset: number, cpu: number): boolean;
}

export interface SourceStats {
  /** Events handed over or lost. */
  readonly seen: number;
  /** Lost events by cause, for example `n_drops_buffer_clone_fork_exit`; causes with nothing lost may be absent. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Events that were taken out of the kernel's buffer, so that it did not overflow, before there was time for them; where the source does so. */
  readonly postponed?: number;
  /** Events and losses by CPU number, where the source knows. */
  readonly perCpu?: readonly CpuStats[];
}

export interface CpuStats {
  readonly events: number;
  readonly drops: number;
}

export interface Source {
  /** The event source that rules name: `syscall`, or a plugin's or client's own. */
  readonly name: string;
  /** Its senders have been told that their events were taken: those that wait when it is stopped are still handed over. */
  readonly acknowledges?: boolean;
  /** What people may want to know of how it captures here, once it is open; a line each. */
  readonly remarks?: readonly string[];
  /** Starts capturing and hands over the seeds of what already runs. */
  open(sink: Sink): void | Promise<void>;
  /**
   * Hands over what is pending, waiting up to `timeoutMs` when there is nothing.
   * Returns the number of events, or -1 when the source has ended. A live source blocks the calling thread
   * (it runs in a Worker); a file returns a promise when it has to read on.
   */
  pump(sink: Sink, timeoutMs: number): number | Promise<number>;
  stats(): SourceStats;
  /** Hands over anew what runs, a process at each step; present where events can be lost. */
  rescan?(sink: SeedSink): Iterator<void>;
  close(): void;
}
