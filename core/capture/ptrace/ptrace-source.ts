import { existsSync, readdirSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { FalcoError } from "../../errors.ts";
import type { SeedSink, Sink, Source, SourceStats } from "../../event/source.ts";
import { libc } from "../../ffi/libc.ts";
import { SystemError } from "../../ffi/system-error.ts";
import { bootTime } from "../ebpf/boot-time.ts";
import { ProcScan } from "../proc/proc-scan.ts";
import { AlarmClock } from "./alarm-clock.ts";
import { interrupt, seize } from "./requests.ts";
import { seccompFilter } from "./seccomp-filter.ts";
import { spawnLauncher } from "./spawn-launcher.ts";
import { TraceEvents } from "./trace-events.ts";
import { LAUNCH_OPTIONS, Tracer } from "./tracer.ts";

export interface PtraceOptions {
  /** A command to start, or the id of a process that runs. */
  readonly target: { readonly command: readonly string[] } | { readonly pid: number };
  /** What to capture: codes of the syscall table. */
  readonly traced: ReadonlySet<number>;
  /** Bytes of read and written data to keep with an event. */
  readonly snapLength: number;
  /** The workload can go on when falco has ended; costs two stops for every call, wanted or not. */
  readonly detachable: boolean;
  /** The workload ends when the source is closed. */
  readonly killOnExit: boolean;
  /** Two words: the workload's first process, and its status as wait(2) encodes it plus one, once it has ended. */
  readonly workload: SharedArrayBuffer;
}

const MAX_SNAP_LENGTH = 65535;
/** Longest wait without looking at messages. */
const TICK_MS = 100;
/** Events handed over at most before the caller gets its turn. */
const BATCH = 1024;

/**
 * Live capture of one workload with ptrace: no privileges, no kernel support beyond seccomp filters. All of it must run on
 * one operating-system thread, which blocks while nothing happens.
 */
export class PtraceSource implements Source {
  readonly name = "syscall";
  readonly #options: PtraceOptions;
  readonly #bootTime = bootTime();
  readonly #scan = new ProcScan(this.#bootTime, "");
  readonly #events: TraceEvents;
  readonly #tracer: Tracer;
  readonly #workload: Int32Array;
  #clock: AlarmClock | undefined;

  constructor(options: PtraceOptions) {
    this.#options = options;
    this.#workload = new Int32Array(options.workload);
    this.#events = new TraceEvents(this.#bootTime, Math.min(options.snapLength, MAX_SNAP_LENGTH));
    this.#events.setTraced(options.traced);
    this.#events.onEnd = (tid, status) => {
      if (tid === this.#workload[0]) Atomics.store(this.#workload, 1, status + 1);
    };
    this.#tracer = new Tracer(this.#events, { filtered: this.#filtered, exitKill: this.#filtered });
  }

  /** Without its tracer a filtered workload's calls fail, so the two live and die together. */
  get #filtered(): boolean {
    return "command" in this.#options.target && !this.#options.detachable;
  }

  /** Starts the command, stopped, or attaches to the process; hands over what is known of it and its ancestors. Throws FalcoError. */
  open(sink: Sink): void {
    this.#scan.machine(sink);
    const { target } = this.#options;
    if ("pid" in target) this.#attach(target.pid);
    else this.#launch(target.command);
    for (const pid of ancestors(this.#workload[0]!).reverse()) this.#scan.scanThread(pid, sink);
    this.#events.sink = sink;
    this.#clock = new AlarmClock(TICK_MS);
  }

  #launch(command: readonly string[]): void {
    try {
      const filter = this.#filtered ? seccompFilter(this.#options.traced) : undefined;
      const pid = spawnLauncher(command, filter);
      Atomics.store(this.#workload, 0, pid);
      seize(pid, LAUNCH_OPTIONS);
      this.#tracer.add(pid, true);
    } catch (error) {
      throw explain(`Cannot trace ${command[0]}`, error);
    }
  }

  #attach(pid: number): void {
    if (!existsSync(`/proc/${pid}`)) {
      throw new FalcoError("TRACE", `Cannot trace process ${pid}: there is no such process`);
    }
    Atomics.store(this.#workload, 0, pid);
    try {
      // Threads may start more threads until all of them are followed.
      for (let found = 1; found > 0; ) {
        found = 0;
        for (const tid of readdirSync(`/proc/${pid}/task`).map(Number)) {
          if (this.#tracer.tracees.has(tid)) continue;
          seize(tid, this.#tracer.followOptions);
          this.#tracer.add(tid);
          interrupt(tid);
          found++;
        }
      }
    } catch (error) {
      throw explain(`Cannot trace process ${pid}`, error);
    }
  }

  /** Changes what is captured. Calls that the workload's filter lets pass stay unseen: a filter can't be taken back. */
  setTraced(codes: ReadonlySet<number>): void {
    this.#events.setTraced(codes);
  }

  fetchThread(tid: number, sink: SeedSink): void {
    this.#scan.scanThread(tid, sink);
  }

  /** Hands over what /proc says of these descriptors of a process. */
  fetchFds(pid: number, fds: readonly number[], sink: SeedSink): void {
    this.#scan.scanFds(pid, fds, sink);
  }

  pump(sink: Sink, timeoutMs: number): number {
    this.#events.sink = sink;
    const before = this.#events.count;
    for (let i = 0; i < BATCH; i++) {
      // What has been found is handed on before this thread blocks.
      const step = this.#tracer.step(timeoutMs > 0 && this.#events.count === before);
      if (step === "none" || this.#isOver()) return -1;
      if (!step) break;
    }
    return this.#events.count - before;
  }

  /** As the first process of a container falco ends with the workload's first process, as the container would without it. */
  #isOver(): boolean {
    return process.pid === 1 && this.#workload[1] !== 0;
  }

  stats(): SourceStats {
    return { seen: this.#events.count, dropped: {} };
  }

  /** Ends the workload, lets go of it, or, where it can't be let go of, sees it to its end unwatched. */
  close(): void {
    this.#events.sink = undefined;
    if (this.#options.killOnExit) {
      for (const tid of this.#tracer.tracees.keys()) libc().kill(tid, constants.signals.SIGKILL);
    } else if (!this.#filtered) this.#tracer.leave();
    while (!this.#isOver() && this.#tracer.tracees.size > 0 && this.#tracer.step(true) !== "none");
    this.#clock?.close();
  }
}

/** The process and its ancestors, nearest first. */
function ancestors(pid: number): number[] {
  const found: number[] = [];
  for (let next = pid; next > 0; ) {
    found.push(next);
    try {
      next = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${next}/status`, "latin1"))?.[1] ?? 0);
    } catch {
      break;
    }
  }
  return found;
}

function explain(what: string, cause: unknown): unknown {
  if (!(cause instanceof SystemError)) return cause;
  if (cause.code !== "EPERM") return new FalcoError("TRACE", `${what}: ${cause.message}`, { cause });
  const yama = "/proc/sys/kernel/yama/ptrace_scope";
  const scope = existsSync(yama) ? readFileSync(yama, "latin1").trim() : "0";
  return new FalcoError("TRACE", `${what}: the system does not permit it`, {
    cause,
    hint:
      scope === "0"
        ? "it must be a process of the same user that no one else traces, or falco needs CAP_SYS_PTRACE"
        : `kernel.yama.ptrace_scope is ${scope}: start the program with "falco trace -- COMMAND", or give falco CAP_SYS_PTRACE`,
  });
}
