import { constants } from "node:os";
import type { Workload } from "./engine/source-spec.ts";

/** What `falco trace` watches, and what becomes of it. */
export interface TraceOptions {
  readonly target: Workload["target"];
  readonly detachable: boolean;
  readonly killOnExit: boolean;
}

/** Added to the signal that ended a program, as shells do. */
const SIGNAL_EXIT = 128;

/** The main thread's view of a workload that the engine's thread traces: its signals and its end. */
export class TracedWorkload {
  readonly spec: Workload;
  /** The first process, and its status as wait(2) encodes it plus one, once it has ended. */
  readonly #words: Int32Array;

  constructor(options: TraceOptions) {
    const workload = new SharedArrayBuffer(8);
    this.spec = { ...options, workload };
    this.#words = new Int32Array(workload);
  }

  /** Whether this program started it, so that signals and the exit code are its own. */
  get isOurs(): boolean {
    return "command" in this.spec.target;
  }

  /** Passes a signal on to the first process. A terminal has sent Ctrl-C to it already. */
  forward(signal: NodeJS.Signals): void {
    const pid = Atomics.load(this.#words, 0);
    const isOver = Atomics.load(this.#words, 1) !== 0;
    if (pid === 0 || isOver || (signal === "SIGINT" && process.stdin.isTTY)) return;
    process.kill(pid, constants.signals[signal]);
  }

  /** The first process's exit code, or 128 and its signal; 0 for a process that was there before. */
  get exitCode(): number {
    const status = Atomics.load(this.#words, 1) - 1;
    if (!this.isOurs || status < 0) return 0;
    const signal = status & 0x7f;
    return signal === 0 ? (status >> 8) & 0xff : SIGNAL_EXIT + signal;
  }
}
