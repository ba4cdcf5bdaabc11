const SLOTS = 8192;
const MAX_AGE = 2e9;

/** The last threads that ended: a creator's clone event may come after its child's end. */
export class RecentExits {
  // One slot a thread id modulo their number: of ids that share one, the later end is kept.
  readonly #threads = new Int32Array(SLOTS).fill(-1);
  readonly #parents = new Int32Array(SLOTS);
  readonly #times = new Float64Array(SLOTS);

  add(parentTid: number, tid: number, time: number): void {
    const slot = tid & (SLOTS - 1);
    this.#threads[slot] = tid;
    this.#parents[slot] = parentTid;
    this.#times[slot] = time;
  }

  /** Whether the thread, created by that parent, ended less than two seconds before `time` (ns). */
  has(parentTid: number, tid: number, time: number): boolean {
    const slot = tid & (SLOTS - 1);
    if (this.#threads[slot] !== tid || this.#parents[slot] !== parentTid) return false;
    const age = time - this.#times[slot]!;
    return age >= 0 && age < MAX_AGE;
  }

  clear(): void {
    this.#threads.fill(-1);
  }
}
