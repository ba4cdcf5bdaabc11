const KEPT = 8192;
const MAX_AGE = 2e9;
/** Thread ids stay below this (PID_MAX_LIMIT). */
const ID_RANGE = 0x40_0000;

/** The last threads that ended: a creator's clone event may come after its child's end. */
export class RecentExits {
  readonly #times = new Map<number, number>();

  add(parentTid: number, tid: number, time: number): void {
    const key = parentTid * ID_RANGE + tid;
    this.#times.delete(key);
    this.#times.set(key, time);
    if (this.#times.size > KEPT) this.#times.delete(this.#times.keys().next().value!);
  }

  /** Whether the thread, created by that parent, ended less than two seconds before `time` (ns). */
  has(parentTid: number, tid: number, time: number): boolean {
    const ended = this.#times.get(parentTid * ID_RANGE + tid);
    return ended !== undefined && time >= ended && time - ended < MAX_AGE;
  }

  clear(): void {
    this.#times.clear();
  }
}
