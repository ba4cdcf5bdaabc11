import { ptr } from "bun:ffi";
import { check, libc } from "../../ffi/libc.ts";

const CLOCK_MONOTONIC = 1;
const SIGEV_THREAD_ID = 4;
/** A real-time signal that neither the C library nor the runtime uses. */
const SIGNAL = 41;
const SIGEVENT_SIZE = 64;
/** struct sigaction: handler u64, mask 128 bytes, flags i32, restorer u64. */
const SIGACTION = { size: 152, flags: 136 } as const;

/**
 * Interrupts whatever the calling thread blocks in at regular times, so that a wait for tracees, which takes no
 * time-out, ends to let the thread's messages through. Costs nothing while the thread is busy.
 */
export class AlarmClock {
  readonly #timer: number;

  /** Must be made on the thread to be interrupted. Throws SystemError. */
  constructor(periodMs: number) {
    // The handler has to be a C function: one that only looks at its argument. Without SA_RESTART the wait ends.
    const handler = libc().dlsym(0, ptr(Buffer.from("abs\0")));
    const action = Buffer.alloc(SIGACTION.size);
    action.writeBigUInt64LE(BigInt(handler), 0);
    check("sigaction", libc().sigaction(SIGNAL, ptr(action), null));
    const event = Buffer.alloc(SIGEVENT_SIZE);
    event.writeInt32LE(SIGNAL, 8);
    event.writeInt32LE(SIGEV_THREAD_ID, 12);
    event.writeInt32LE(libc().gettid(), 16);
    const id = new BigUint64Array(1);
    check("timer_create", libc().timer_create(CLOCK_MONOTONIC, ptr(event), ptr(id)));
    this.#timer = Number(id[0]);
    const period = BigInt(periodMs) * 1_000_000n;
    const times = new BigInt64Array([0n, period, 0n, period]);
    check("timer_settime", libc().timer_settime(this.#timer, 0, ptr(times), null));
  }

  close(): void {
    libc().timer_delete(this.#timer);
  }
}
