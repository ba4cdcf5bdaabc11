import type { SeedSink, Sink, Source, SourceStats } from "../../event/source.ts";
import { ProcScan } from "../proc/proc-scan.ts";
import { bootTime } from "./boot-time.ts";
import type { CallFilter } from "./call-filter.ts";
import { describeHooks, type Hooked } from "./hook-copies.ts";
import { Probe } from "./probe.ts";
import { explainFailure, requireEbpf } from "./requirements.ts";

export interface EbpfOptions {
  /** What to capture: codes of the syscall table. */
  readonly traced: ReadonlySet<number>;
  /** What of them is left out, by code. */
  readonly filters?: ReadonlyMap<number, CallFilter>;
  /** Bytes of read and written data to keep with an event. */
  readonly snapLength?: number;
  /** Bytes of the ring buffer, rounded up to a power of two. */
  readonly bufferSize?: number;
  /** Leaves out calls that failed. */
  readonly dropFailed?: boolean;
  /** An eventfd with which another thread ends a `pump` that waits. */
  readonly wakeFd?: number;
  /** Reads kernel memory with helper calls even where plain loads are possible: a slower path that older kernels need. */
  readonly helperReads?: boolean;
  /** Takes path names and addresses from the caller's memory even where the kernel's copies can be had: what older kernels give. */
  readonly memoryOnly?: boolean;
  /** Records the child's side of clone where the task is made, as machines need on which it does not return from the call. */
  readonly childAtFork?: boolean;
}

const DEFAULT_SNAP_LENGTH = 80;
const MAX_SNAP_LENGTH = 65535;
const DEFAULT_BUFFER = 8 * 1024 * 1024;
/** Events handed over at most before the caller gets its turn. */
const BATCH = 16_384;
/**
 * After the first event of a quiet time others are let come, so that a trickle of events costs few wake-ups: this long, or until there
 * are so many bytes of them (of the smallest buffer a sixteenth).
 */
const GATHER_MS = 100;
const PLENTY = 64 * 1024;

/** The sink, with threads, and descriptors maybe, going elsewhere. */
const withThreads = (
  sink: SeedSink,
  thread: SeedSink["thread"],
  fd: SeedSink["fd"] = (seed) => sink.fd(seed),
): SeedSink => ({
  machine: (info) => sink.machine(info),
  thread,
  fd,
  user: (seed) => sink.user(seed),
  group: (seed) => sink.group(seed),
  interface: (seed) => sink.interface(seed),
  restart: () => sink.restart(),
});

/**
 * What a record holds is read when the call ends. The kernel's own view, which no other thread can falsify: results and descriptors, arguments passed in
 * registers (flags, modes, ids, lengths), device and inode of what was opened, the ends of sockets (`tuple`), the path of open_by_handle_at, all of
 * execve's parameters (they come from the new memory, before it runs), everything about the task, and as far as the kernel lets its copies be watched
 * (kernel-copies.ts) path names and the addresses that a call names. Read from the caller's memory, which another thread may have changed meanwhile:
 * data, arguments of an execve that failed, and what lies in structures (openat2's `how`, clone3's flags).
 *
 * Live capture with eBPF. Assembles, loads and attaches the probe for the running kernel; all of it goes away with this
 * process. The thread that pumps it blocks while nothing happens.
 */
export class EbpfSource implements Source {
  readonly name = "syscall";
  readonly #options: EbpfOptions;
  readonly #bootTime = bootTime();
  readonly #scan = new ProcScan(this.#bootTime);
  #probe: Probe | undefined;
  #delivered = 0;
  #plenty = PLENTY;
  /** What the counters were when the probe was closed. */
  #last: SourceStats = { seen: 0, dropped: {} };

  constructor(options: EbpfOptions) {
    this.#options = options;
  }

  /** Attaches the probe, then reads /proc: what starts in between is seen twice rather than never. Throws FalcoError. */
  open(sink: Sink): void {
    const arch = requireEbpf();
    const {
      snapLength = DEFAULT_SNAP_LENGTH,
      bufferSize = DEFAULT_BUFFER,
      dropFailed = false,
      helperReads = false,
      memoryOnly = false,
      childAtFork = false,
      wakeFd,
    } = this.#options;
    const size = 2 ** Math.ceil(Math.log2(bufferSize));
    this.#plenty = Math.min(PLENTY, size / 16);
    try {
      this.#probe = new Probe({
        arch: childAtFork ? { ...arch, childReturns: false } : arch,
        bootTime: this.#bootTime,
        snapLength: Math.min(snapLength, MAX_SNAP_LENGTH),
        bufferSize: size,
        dropFailed,
        helperReads,
        memoryOnly,
        ...(wakeFd === undefined ? {} : { wakeFd }),
      });
      this.#probe.setTraced(this.#options.traced, this.#options.filters);
    } catch (error) {
      this.close();
      throw explainFailure(error);
    }
    const probe = this.#probe;
    const { known, descriptors } = probe;
    this.#scan.scan(
      withThreads(
        sink,
        (seed) => {
          sink.thread(seed);
          known.seed(seed);
          descriptors.seedThread(seed);
        },
        (seed) => {
          sink.fd(seed);
          descriptors.seedFd(seed);
        },
      ),
    );
    descriptors.endSeeding();
    known.endSeeding();
  }

  /** Which of the kernel's own copies of names and addresses are taken, and why not the others; undefined while it is closed. */
  get hooked(): Hooked | undefined {
    return this.#probe?.hooked;
  }

  get remarks(): readonly string[] {
    return this.hooked ? [describeHooks(this.hooked)] : [];
  }

  /** Changes what is captured; what is pending stays. Throws FalcoError. */
  setTraced(codes: ReadonlySet<number>, filters?: ReadonlyMap<number, CallFilter>): void {
    this.#probe?.setTraced(codes, filters);
  }

  /** Hands over what /proc says of a thread that an event belongs to and that no seed or event introduced. */
  fetchThread(tid: number, sink: SeedSink): void {
    this.#scan.scanThread(tid, this.#corrected(sink));
  }

  rescan(sink: SeedSink): Iterator<void> {
    return this.#scan.processes(this.#corrected(sink));
  }

  /** The sink for threads that may become others than events told: conditions in the kernel must not go by these any more. */
  #corrected(sink: SeedSink): SeedSink {
    return withThreads(sink, (seed) => {
      this.#probe?.known.forget(seed.tid);
      this.#probe?.descriptors.forget(seed.pid);
      sink.thread(seed);
    });
  }

  /** Hands over what /proc says of these descriptors of a process. */
  fetchFds(pid: number, fds: readonly number[], sink: SeedSink): void {
    this.#scan.scanFds(pid, fds, sink);
  }

  pump(sink: Sink, timeoutMs: number): number {
    const probe = this.#probe;
    if (!probe) return -1;
    if (timeoutMs > 0 && probe.pending < this.#plenty && !probe.wait(timeoutMs) && probe.pending > 0)
      probe.gather(Math.min(GATHER_MS, timeoutMs), this.#plenty);
    const count = probe.drain(sink, BATCH);
    probe.known.learnGroups(performance.now());
    this.#delivered += count;
    return count;
  }

  stats(): SourceStats {
    if (!this.#probe) return this.#last;
    const dropped = this.#probe.losses();
    const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
    const { postponed } = this.#probe;
    return { seen: this.#delivered + lost, dropped, postponed, perCpu: this.#probe.perCpu() };
  }

  close(): void {
    this.#last = this.stats();
    this.#probe?.close();
    this.#probe = undefined;
  }
}
