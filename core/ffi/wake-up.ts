import { ptr } from "bun:ffi";
import { check, libc } from "./libc.ts";

const EFD_CLOEXEC = 0o2000000;
const EFD_NONBLOCK = 0o4000;
const ONE = new BigUint64Array([1n]);

/** An eventfd: what one thread blocks on, beside other descriptors, and any other thread ends. */
export class WakeUp {
  /** Watch it edge-triggered: its count is never read back. */
  readonly fd: number;

  /** Throws SystemError. */
  constructor() {
    this.fd = check("eventfd", libc().eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  }

  /** Ends the wait of whoever blocks on it, or the next one. */
  call(): void {
    libc().write(this.fd, ptr(ONE), ONE.byteLength);
  }

  close(): void {
    libc().close(this.fd);
  }
}
