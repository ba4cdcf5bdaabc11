import { CFunction, FFIType, JSCallback, type Pointer } from "bun:ffi";
import { NativeBlock } from "./native-block.ts";

const { ptr, i32, u32 } = FFIType;
const FUNCTIONS = { size: 16, subscribe: 0, unsubscribe: 8 };

/**
 * Work that a plugin wants done again and again while a capture is open, each time until it says that it is done with
 * it. It is done between events, in their thread, since it may use the tables; work that waits keeps events waiting.
 */
export class Routines {
  readonly #block = new NativeBlock(FUNCTIONS.size);
  readonly #routines = new Map<number, () => boolean>();
  readonly #callbacks: readonly JSCallback[];
  #made = 0;

  /** `state` is the plugin's. */
  constructor(state: () => number) {
    const subscribe = new JSCallback(
      (_owner: number, work: number, data: number) => this.#subscribe(state, work, data),
      { args: [ptr, ptr, ptr], returns: ptr },
    );
    const unsubscribe = new JSCallback(
      (_owner: number, routine: number) => (this.#routines.delete(Number(routine)) ? 0 : 1),
      { args: [ptr, ptr], returns: i32 },
    );
    this.#callbacks = [subscribe, unsubscribe];
    this.#block.setAddress(FUNCTIONS.subscribe, Number(subscribe.ptr));
    this.#block.setAddress(FUNCTIONS.unsubscribe, Number(unsubscribe.ptr));
  }

  /** The functions that plugins call. */
  get address(): number {
    return this.#block.address;
  }

  #subscribe(state: () => number, work: number, data: number): number {
    const call: unknown = CFunction({ args: [ptr, ptr], returns: u32, ptr: work as Pointer });
    const routine = call as (state: number, data: number | null) => number;
    // A handle is never 0, and never a place in memory that somebody could read.
    const handle = ++this.#made * 16;
    this.#routines.set(handle, () => routine(state(), data) !== 0);
    return handle;
  }

  /** Does each piece of work once. */
  run(): void {
    for (const [handle, work] of this.#routines) if (!work()) this.#routines.delete(handle);
  }

  /** To be called when the plugin has ended. */
  close(): void {
    this.#routines.clear();
    for (const callback of this.#callbacks) callback.close();
  }
}
