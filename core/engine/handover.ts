import type { Alert } from "../outputs/alert.ts";

/** Alerts the main thread may be behind before live capture drops them and a replay waits. */
const MAX_BEHIND = 50_000;
/** How long a replay gathers alerts, in milliseconds, and how many at most: a message between threads costs as much as several alerts. */
const GATHER_MS = 20;
const GATHERED = 256;
const POSTED = 0;
const TAKEN = 1;

/** Memory for both sides' counts. */
export const progressBuffer = (): SharedArrayBuffer => new SharedArrayBuffer(8);

/**
 * The engine's side of the way alerts take to the main thread. Messages between threads have no bound of their
 * own, so both sides count: what is on the way is the difference.
 */
export class AlertSender {
  dropped = 0;
  readonly #counts: Int32Array;
  readonly #post: (alerts: readonly Alert[]) => void;
  readonly #waits: boolean;
  readonly #gatherMs: number;
  #batch: Alert[] = [];
  /** When the batch began (performance.now()). */
  #since = 0;

  /** `waits`: a replay rather waits than loses an alert; `gathers`: nobody waits for an alert as soon as it is there. */
  constructor(
    progress: SharedArrayBuffer,
    { waits, gathers }: { readonly waits: boolean; readonly gathers: boolean },
    post: (alerts: readonly Alert[]) => void,
  ) {
    this.#counts = new Int32Array(progress);
    this.#waits = waits;
    this.#gatherMs = gathers ? GATHER_MS : 0;
    this.#post = post;
  }

  get #behind(): number {
    return (Atomics.load(this.#counts, POSTED) - Atomics.load(this.#counts, TAKEN)) | 0;
  }

  add(alert: Alert): void {
    if (!this.#waits && this.#behind + this.#batch.length >= MAX_BEHIND) this.dropped++;
    else this.#batch.push(alert);
  }

  /**
   * Sends what has gathered: all of it, or only when it has gathered for long. A replay that is far ahead waits here until the main
   * thread has caught up.
   */
  flush(all = true): Promise<void> | undefined {
    if (this.#batch.length > 0 && (all || this.#isDue())) {
      Atomics.add(this.#counts, POSTED, this.#batch.length);
      this.#post(this.#batch);
      this.#batch = [];
      this.#since = 0;
    }
    if (this.#waits && this.#behind > MAX_BEHIND) return this.#catchUp();
  }

  #isDue(): boolean {
    if (this.#gatherMs === 0 || this.#batch.length >= GATHERED) return true;
    const now = performance.now();
    if (this.#since === 0) this.#since = now;
    return now - this.#since >= this.#gatherMs;
  }

  async #catchUp(): Promise<void> {
    while (this.#behind > MAX_BEHIND / 2) await Bun.sleep(1);
  }
}

/** The main thread's side: says how many it has dealt with. */
export function alertsTaken(progress: SharedArrayBuffer, count: number): void {
  Atomics.add(new Int32Array(progress), TAKEN, count);
}
