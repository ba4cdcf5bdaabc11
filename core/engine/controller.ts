import { FalcoError } from "../errors.ts";
import { WakeUp } from "../ffi/wake-up.ts";
import type { LibsLevel, LogLevel } from "../log.ts";
import type { Alert } from "../outputs/alert.ts";
import { workerUrl } from "../worker-url.ts";
import { alertsTaken, progressBuffer } from "./handover.ts";
import type { EngineStats, ErrorMessage, FromEngine, ToEngine } from "./messages.ts";

export interface ControllerHooks {
  /** Takes alerts on; when it returns a promise, the next ones wait for it. */
  readonly onAlerts: (alerts: readonly Alert[]) => void | Promise<void>;
  readonly onLog: (level: LogLevel, message: string) => void;
  /** What plugins say. */
  readonly onLibsLog?: (level: LibsLevel, message: string) => void;
  /** Capture has begun. */
  readonly onCapturing?: () => void;
}

/** The main thread's handle on the engine, which runs in a thread of its own. */
export class EngineController<S, R, L> {
  /** Resolves with the last numbers when the source has ended or `stop` took effect; rejects when it failed. */
  readonly ended: Promise<EngineStats>;
  readonly #worker: Worker;
  readonly #hooks: ControllerHooks;
  readonly #progress = progressBuffer();
  readonly #wakeUp = new WakeUp();
  readonly #waiting = new Map<
    number,
    { resolve: (value: never) => void; reject: (error: unknown) => void }
  >();
  #settle!: { resolve: (stats: EngineStats) => void; reject: (error: unknown) => void };
  #nextId = 1;
  #alerts: Promise<void> = Promise.resolve();

  constructor(hooks: ControllerHooks) {
    this.#hooks = hooks;
    this.ended = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // Whoever starts the engine looks at `ended` only after the rules have loaded.
    this.ended.catch(() => {});
    this.#worker = new Worker(workerUrl("core/engine/worker.ts"), { name: "falco-engine" });
    this.#worker.addEventListener("message", ({ data }) => this.#receive(data as FromEngine<L>));
    this.#worker.addEventListener("error", (event) => {
      this.#fail(new Error(`engine thread: ${event.message}`));
    });
  }

  /** Loads the rules and, when they are good and not all that is wanted, captures. Resolves with the load's report. */
  start(start: S, rules: R, rulesOnly = false): Promise<L> {
    return this.#ask<L>(0, {
      type: "start",
      start,
      rules,
      rulesOnly,
      progress: this.#progress,
      wakeFd: this.#wakeUp.fd,
    });
  }

  /** Loads other rules; they are in effect from the next event on, if their report says they are good. */
  loadRules(rules: R): Promise<L> {
    const id = this.#nextId++;
    return this.#ask<L>(id, { type: "rules", id, rules });
  }

  /** Takes on what of the start-up description can be changed while it runs; the rest waits for the next start. */
  configure(start: S): void {
    this.#send({ type: "configure", start });
  }

  stats(): Promise<EngineStats> {
    const id = this.#nextId++;
    return this.#ask<EngineStats>(id, { type: "stats", id });
  }

  /** Ends capture; what has matched is still handed over before `ended` resolves. */
  stop(): void {
    this.#send({ type: "stop" });
  }

  terminate(): void {
    this.#worker.terminate();
    this.#wakeUp.call();
  }

  #send(message: ToEngine<S, R>): void {
    this.#worker.postMessage(message);
    this.#wakeUp.call();
  }

  #ask<T>(id: number, message: ToEngine<S, R>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: never) => void, reject });
      this.#send(message);
    });
  }

  #answer(id: number, value: unknown): void {
    this.#waiting.get(id)?.resolve(value as never);
    this.#waiting.delete(id);
  }

  #fail(error: unknown): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    this.#settle.reject(error);
  }

  #receive(message: FromEngine<L>): void {
    switch (message.type) {
      case "loaded":
        this.#answer(message.id, message.report);
        break;
      case "stats":
        this.#answer(message.id, message.stats);
        break;
      case "capturing":
        this.#hooks.onCapturing?.();
        break;
      case "log":
        this.#hooks.onLog(message.level, message.message);
        break;
      case "libsLog":
        this.#hooks.onLibsLog?.(message.level, message.message);
        break;
      case "alerts":
        this.#take(message.alerts);
        break;
      case "failed":
        this.#fail(errorOf(message.error));
        break;
      case "ended":
        // Alerts came before: the end is told when they have been dealt with.
        void this.#alerts.then(
          () => this.#settle.resolve(message.stats),
          (error) => this.#settle.reject(error),
        );
        break;
    }
  }

  #take(alerts: readonly Alert[]): void {
    this.#alerts = this.#alerts.then(async () => {
      await this.#hooks.onAlerts(alerts);
      alertsTaken(this.#progress, alerts.length);
    });
    this.#alerts.catch((error) => this.#fail(error));
  }
}

function errorOf({ code, message, options }: ErrorMessage): Error {
  return code === "" ? new Error(message) : new FalcoError(code, message, options);
}
