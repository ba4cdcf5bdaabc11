import { constants } from "node:os";
import type { Sink, ThreadSeed } from "../../event/source.ts";
import { EVENT } from "../../schema/event-codes.ts";
import { EVENTS } from "../../schema/events.ts";
import { SYSCALLS } from "../../schema/syscalls.ts";
import { ARCHITECTURES } from "../ebpf/architecture.ts";
import { type Call, callsOf } from "../ebpf/calls.ts";
import type { EventId } from "../ebpf/program.ts";
import { listDirectory, readProc } from "../proc/proc-files.ts";
import { ProcThreads } from "../proc/proc-thread.ts";
import { now } from "./clock.ts";
import { type Datum, EventRecord } from "./event-record.ts";
import { type Recipe, recipe } from "./filler.ts";
import { syscallFillers } from "./fillers/all.ts";
import { CLONE_FLAGS, failedExec, prepare } from "./fillers/process.ts";
import { signalInfo } from "./requests.ts";
import { cloneParams, execParams, taskParams } from "./task-params.ts";
import type { Invocation } from "./tracee.ts";
import type { TraceObserver } from "./tracer.ts";
import { NOTHING } from "./values.ts";

const codeOf = (tracepoint: string): number => SYSCALLS.find(({ name }) => name === tracepoint)?.code ?? -1;
const PROCESS_EXIT = codeOf("sched_process_exit");
const SIGNAL_DELIVER = codeOf("signal_deliver");
const { SIGCHLD, SIGTERM, SIGHUP, SIGINT, SIGTSTP, SIGQUIT } = constants.signals;
const SENT_BY_PROCESSES: readonly number[] = [SIGTERM, SIGHUP, SIGINT, SIGTSTP, SIGQUIT];
const FIRST_REAL_TIME = 32;
const EXECS: readonly EventId[] = ["SYSCALL_EXECVE_19_X", "SYSCALL_EXECVEAT_X"];
/** Calls that give a record for each message; more messages of one call are not recorded. */
const SEVERAL: readonly EventId[] = ["SOCKET_SENDMMSG_X", "SOCKET_RECVMMSG_X"];
const MAX_MESSAGES = 16;
const PF_EXITING = 4;
/** User space has to find out who takes over the children. */
const UNKNOWN_REAPER = -1;

/** Makes event records of what the tracer sees. */
export class TraceEvents implements TraceObserver {
  readonly #bootTime: bigint;
  readonly #threads: ProcThreads;
  readonly #record = new EventRecord();
  readonly #recipes = new Map<EventId, Recipe>();
  readonly #calls = callsOf(ARCHITECTURES[process.arch]!);
  #wanted: readonly (Call | undefined)[] = [];
  #wantsExits = false;
  #wantsSignals = false;
  /** Where records go; nowhere while undefined. */
  sink: Sink | undefined;
  onEnd: (tid: number, status: number) => void = () => {};
  /** Records handed over. */
  count = 0;

  /** `bootTime` in nanoseconds since the epoch. */
  constructor(bootTime: bigint, snapLength: number) {
    this.#bootTime = bootTime;
    this.#threads = new ProcThreads("/proc", bootTime);
    for (const [id, filler] of Object.entries(syscallFillers(snapLength))) {
      this.#recipes.set(id as EventId, recipe(id as EventId, filler));
    }
  }

  /** Records exactly these calls (codes of the syscall table). */
  setTraced(codes: ReadonlySet<number>): void {
    const wanted: (Call | undefined)[] = [];
    for (const call of this.#calls) {
      const known = this.#recipes.has(call.exit) || EXECS.includes(call.exit) || call.exit in CLONE_FLAGS;
      if (known && codes.has(call.code)) wanted[call.index] = call;
    }
    this.#wanted = wanted;
    this.#wantsExits = codes.has(PROCESS_EXIT);
    this.#wantsSignals = codes.has(SIGNAL_DELIVER);
  }

  wanted(index: number): Call | undefined {
    return this.sink ? this.#wanted[index] : undefined;
  }

  entered(call: Invocation): void {
    prepare(call);
  }

  returned(call: Invocation): void {
    const id = call.call.exit;
    if (id in CLONE_FLAGS) this.#cloned(call.tid, call, call.result);
    else if (EXECS.includes(id)) this.#execFailed(call);
    else this.#recorded(call, this.#recipes.get(id)!);
  }

  /** A record, or one for each of the messages that a call is about. */
  #recorded(call: Invocation, { code, reads }: Recipe): void {
    const records = SEVERAL.includes(call.call.exit) ? Math.min(Math.max(call.result, 1), MAX_MESSAGES) : 1;
    for (; call.repetition < records; call.repetition++) {
      const data = reads.map((read) => read(call));
      this.#emit(code, call.tid, data);
    }
  }

  executed(tid: number, call: Invocation | undefined): void {
    const task = call && this.#threads.process(tid);
    if (!task) return;
    this.#emitNamed("SYSCALL_EXECVE_19_X", tid, {
      res: 0,
      ...taskParams(task),
      ...execParams(task),
      filename: call.filename ?? NOTHING,
    });
  }

  born(tid: number, call: Invocation | undefined): void {
    if (call && call.call.exit in CLONE_FLAGS) this.#cloned(tid, call, 0);
  }

  /** The caller's side, or with a result of 0 the child's. */
  #cloned(tid: number, call: Invocation, result: number): void {
    const task = this.#task(tid);
    if (!task) return;
    const flags = CLONE_FLAGS[call.call.exit]!(call);
    const params = taskParams(task);
    if (result < 0) Object.assign(params, { exe: NOTHING, args: NOTHING });
    this.#emitNamed(call.call.exit, tid, {
      res: result,
      ...params,
      ...cloneParams(task, flags, this.#bootTime, result === 0),
    });
  }

  #execFailed(call: Invocation): void {
    const task = call.result < 0 ? this.#task(call.tid) : undefined;
    if (!task) return;
    const { exit } = call.call;
    this.#emitNamed(exit, call.tid, {
      res: call.result,
      ...taskParams(task),
      ...execParams(task),
      ...failedExec(call),
      ...(exit === "SYSCALL_EXECVE_19_X" ? { filename: call.filename ?? NOTHING } : {}),
    });
  }

  signalled(tid: number, signal: number): void {
    const info = this.#wantsSignals && this.sink ? signalInfo(tid) : undefined;
    if (!info) return;
    // Positive causes are the kernel's own, which no process stands behind.
    const byProcess = info.code <= 0 && SENT_BY_PROCESSES.includes(signal);
    const tellsProcess = byProcess || signal === SIGCHLD || signal >= FIRST_REAL_TIME;
    this.#emitNamed("SIGNALDELIVER_E", tid, { spid: tellsProcess ? info.pid : 0, dpid: tid, sig: signal });
  }

  exiting(tid: number, status: number): void {
    if (!this.#wantsExits || !this.sink) return;
    const signal = status & 0x7f;
    this.#emitNamed("PROCEXIT_1_E", tid, {
      status,
      ret: (status >> 8) & 0xff,
      sig: signal === 0x7f ? 0 : signal,
      core: status & 0x80 ? 1 : 0,
      reaper_tid: this.#reaper(tid),
    });
  }

  ended(tid: number, status: number): void {
    this.onEnd(tid, status);
  }

  /** Who takes over the children: nobody if there are none, another thread of the process, or somebody to be found out. */
  #reaper(tid: number): number {
    const task = `/proc/${tid}/task`;
    if (readProc(`${task}/${tid}/children`)?.length === 0) return 0;
    const other = listDirectory(task).find((name) => Number(name) !== tid && !isExiting(`${task}/${name}`));
    return other === undefined ? UNKNOWN_REAPER : Number(other);
  }

  #task(tid: number): ThreadSeed | undefined {
    const pid = this.#threads.processOf(tid);
    const leader = pid === undefined ? undefined : this.#threads.process(pid);
    return !leader || pid === tid ? leader : this.#threads.thread(leader, tid);
  }

  #emitNamed(id: EventId, tid: number, data: Readonly<Record<string, Datum>>): void {
    const { params } = EVENTS[EVENT[id]]!;
    this.#emit(
      EVENT[id],
      tid,
      params.map(({ name }) => data[name] ?? missing(id, name)),
    );
  }

  #emit(code: number, tid: number, data: readonly Datum[]): void {
    if (!this.sink) return;
    this.#record.write(code, tid, now(), data);
    this.count++;
    this.sink.event(this.#record.bytes, this.#record.view, 0, 0);
  }
}

/** Whether a thread is on its way out: a flag in the ninth field of its stat file, the seventh behind its name. */
function isExiting(directory: string): boolean {
  const stat = readProc(`${directory}/stat`)?.toString() ?? "";
  return (Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[6] ?? 0) & PF_EXITING) !== 0;
}

function missing(id: string, name: string): never {
  throw new Error(`${id}: no value for ${name}`);
}
