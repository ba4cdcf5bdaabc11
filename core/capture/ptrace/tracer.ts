import { constants } from "node:os";
import { X32_BIT } from "../ebpf/architecture.ts";
import type { Call } from "../ebpf/calls.ts";
import { COMPAT_BASE, SOCKETCALL, SOCKETCALL_BASE } from "../ebpf/dispatcher.ts";
import { readNumber } from "./process-memory.ts";
import {
  detach,
  eventMessage,
  INFO,
  interrupt,
  OP,
  OPTION,
  type Resume,
  resume,
  STOP,
  setOptions,
  syscallInfo,
  waitForStop,
} from "./requests.ts";
import { AUDIT_ARCH } from "./seccomp-filter.ts";
import { isLauncher } from "./spawn-launcher.ts";
import type { Invocation, Tracee } from "./tracee.ts";

const { SIGTRAP, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU } = constants.signals;
const SYSCALL_STOP = SIGTRAP | 0x80;
const GROUP_STOPS = [SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU];

/** Quiet moments that a new thread waits for its maker's stop. */
const PATIENCE = 3;

/** What makes events of what the tracer sees. The thread is stopped during each call. */
export interface TraceObserver {
  /** The call at this place of the call table, when it is to be recorded. */
  wanted(index: number): Call | undefined;
  /** A recorded call begins. */
  entered(call: Invocation): void;
  /** It has returned. */
  returned(call: Invocation): void;
  /** A thread runs a new program; `call` is the execve if it was recorded. */
  executed(tid: number, call: Invocation | undefined): void;
  /** A new thread is about to run; `call` made it, if that was recorded. */
  born(tid: number, call: Invocation | undefined): void;
  /** A thread is about to handle a signal. */
  signalled(tid: number, signal: number): void;
  /** A thread is ending, with this status as wait(2) encodes it. */
  exiting(tid: number, status: number): void;
  /** A thread has ended and is gone. */
  ended(tid: number, status: number): void;
}

/** All following options, without which a tracee's children are not traced. */
const FOLLOW =
  OPTION.sysGood | OPTION.fork | OPTION.vfork | OPTION.clone | OPTION.exec | OPTION.exit | OPTION.seccomp;
/** Until the workload runs: threads of the launcher are nobody's business. */
export const LAUNCH_OPTIONS = OPTION.sysGood | OPTION.exec | OPTION.seccomp;

export interface TracerOptions {
  /** A seccomp filter says where to stop; otherwise every call stops at both its edges. */
  readonly filtered: boolean;
  /** The kernel ends all tracees when the tracer ends. */
  readonly exitKill: boolean;
}

/** Follows traced threads from stop to stop. Must be used from one and the same operating-system thread. */
export class Tracer {
  readonly #observer: TraceObserver;
  readonly #options: TracerOptions;
  readonly #tracees = new Map<number, Tracee>();
  /** New threads that stopped before their maker's stop told of them. */
  readonly #unclaimed = new Map<number, { readonly ticks: number }>();
  /** The launcher's id until it has become the workload. */
  #launching = 0;
  #leaving = false;
  /** Stops handled, of all kinds. */
  stops = 0;

  constructor(observer: TraceObserver, options: TracerOptions) {
    this.#observer = observer;
    this.#options = options;
  }

  get followOptions(): number {
    return FOLLOW | (this.#options.exitKill ? OPTION.exitKill : 0);
  }

  /** A thread that was seized; a `launching` one counts from its first execve on. */
  add(tid: number, launching = false): void {
    if (launching) this.#launching = tid;
    this.#tracees.set(tid, { tid, call: undefined });
  }

  get tracees(): ReadonlyMap<number, Tracee> {
    return this.#tracees;
  }

  /** Handles the next stop, waiting for it if `hang`. False when a signal came first or nothing is traced any more. */
  step(hang: boolean): boolean | "none" {
    const waited = waitForStop(hang);
    if (waited === "none") return "none";
    if (waited === "interrupted") {
      this.#adopt();
      return false;
    }
    this.stops++;
    this.#handle(waited.tid, waited.status);
    return true;
  }

  /** Asks every thread to stop and lets go of each as it does; call `step` until nothing is left. */
  leave(): void {
    this.#leaving = true;
    for (const tid of this.#tracees.keys()) interrupt(tid);
  }

  /** Lets threads go on whose maker was killed before its stop could tell of them. */
  #adopt(): void {
    for (const [tid, { ticks }] of this.#unclaimed) {
      this.#unclaimed.set(tid, { ticks: ticks + 1 });
      if (ticks < PATIENCE) continue;
      this.#unclaimed.delete(tid);
      this.add(tid);
      if (this.#leaving) interrupt(tid);
      resume(tid, this.#options.filtered ? "cont" : "syscall");
    }
  }

  #handle(tid: number, status: number): void {
    if ((status & 0xff) !== 0x7f) {
      this.#tracees.delete(tid);
      this.#unclaimed.delete(tid);
      this.#observer.ended(tid, status);
      return;
    }
    const signal = (status >> 8) & 0xff;
    const event = status >> 16;
    const tracee = this.#tracees.get(tid);
    if (!tracee) {
      this.#unclaimed.set(tid, { ticks: 0 });
      return;
    }
    if (this.#leaving && this.#release(tracee, signal, event)) return;
    if (event === STOP.stop && GROUP_STOPS.includes(signal)) resume(tid, "listen");
    else if (event !== 0) this.#onEvent(tracee, event);
    else if (signal === SYSCALL_STOP) this.#onSyscall(tracee);
    else {
      this.#observer.signalled(tid, signal);
      resume(tid, this.#mode(tracee), signal);
    }
  }

  #release(tracee: Tracee, signal: number, event: number): boolean {
    if (event === STOP.fork || event === STOP.vfork || event === STOP.clone) return false;
    detach(tracee.tid, event === 0 && signal !== SYSCALL_STOP ? signal : 0);
    this.#tracees.delete(tracee.tid);
    return true;
  }

  #mode(tracee: Tracee): Resume {
    return tracee.call || !this.#options.filtered ? "syscall" : "cont";
  }

  #onEvent(tracee: Tracee, event: number): void {
    const { tid } = tracee;
    if (event === STOP.seccomp) this.#enter(tracee);
    else if (event === STOP.exec) this.#onExec(tracee);
    else if (event === STOP.exit) this.#observer.exiting(tid, eventMessage(tid));
    else if (event !== STOP.stop) this.#onBirth(tracee);
    resume(tid, this.#mode(tracee));
  }

  #onBirth(parent: Tracee): void {
    const tid = eventMessage(parent.tid);
    if (tid === 0) return;
    this.add(tid);
    this.#observer.born(tid, parent.call);
    if (!this.#unclaimed.delete(tid)) return;
    if (this.#leaving) interrupt(tid);
    resume(tid, this.#mode(this.#tracees.get(tid)!));
  }

  #onExec(tracee: Tracee): void {
    const { tid } = tracee;
    // A thread that was not the leader takes the leader's id, and its call goes on under it.
    const former = eventMessage(tid);
    const call = this.#tracees.get(former)?.call ?? tracee.call;
    if (former !== tid) this.#tracees.delete(former);
    tracee.call = undefined;
    if (tid === this.#launching) {
      // The launcher's own start may still be under way when it is seized.
      if (isLauncher(tid)) return;
      this.#launching = 0;
      setOptions(tid, this.followOptions);
    }
    this.#observer.executed(tid, call);
  }

  /** A stop at an edge of a call: the end of a recorded one, or, without a filter, either edge of any. */
  #onSyscall(tracee: Tracee): void {
    const info = syscallInfo(tracee.tid);
    if (!info) return;
    const op = info.getUint8(INFO.op);
    if (op === OP.exit) {
      const { call } = tracee;
      tracee.call = undefined;
      if (call && this.#launching !== tracee.tid) {
        call.result = Number(info.getBigInt64(INFO.result, true));
        this.#observer.returned(call);
      }
    } else if (op === OP.entry && !this.#options.filtered) {
      tracee.call = this.#invocation(tracee.tid, info);
    }
    resume(tracee.tid, this.#mode(tracee));
  }

  #enter(tracee: Tracee): void {
    const info = syscallInfo(tracee.tid);
    if (info) tracee.call = this.#invocation(tracee.tid, info);
  }

  #invocation(tid: number, info: DataView): Invocation | undefined {
    const compat = info.getUint32(INFO.arch, true) === AUDIT_ARCH.i386;
    const number = Number(info.getBigUint64(INFO.number, true));
    let args = Array.from({ length: 6 }, (_, i) => info.getBigUint64(INFO.args + 8 * i, true));
    if (compat) args = args.map((value) => BigInt.asUintN(32, value));
    let index = compat ? COMPAT_BASE + number : number & ~X32_BIT;
    if (compat && number === SOCKETCALL) {
      index = SOCKETCALL_BASE + Number(args[0]);
      const block = args[1]!;
      args = args.map((_, i) => readNumber(tid, block + BigInt(4 * i), 4));
    }
    const call = this.#observer.wanted(index);
    if (!call) return undefined;
    const invocation: Invocation = {
      tid,
      call,
      compat,
      args,
      result: 0,
      filename: undefined,
      repetition: 0,
      file: undefined,
      existed: false,
    };
    this.#observer.entered(invocation);
    return invocation;
  }
}
