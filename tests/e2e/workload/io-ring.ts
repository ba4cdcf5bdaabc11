import { type Pointer, toArrayBuffer } from "bun:ffi";
import { call, memory } from "./calls.ts";

const OP = { openat: 18, close: 19, socket: 45 } as const;
const AT_FDCWD = -100;
const READ_WRITE = 3;
const SHARED = 1;
const ENTRIES = 4;
const RING_BYTES = 4096;
const SQE_SIZE = 64;
const OFF_SQES = 0x1000_0000;
const GETEVENTS = 1;
const PARAMS_SIZE = 120;
/** In struct io_uring_params: where in the ring are the tail and the array of submissions, the tail of completions, and these. */
const AT = { tail: 44, array: 64, doneTail: 84, mask: 88, done: 100 } as const;

/** Calls made by io_uring, of which no event tells. Undefined where there is none. */
export class IoRing {
  readonly #fd: number;
  readonly #ring: DataView;
  readonly #entries: DataView;
  readonly #params: DataView;

  private constructor(fd: number, params: DataView, ring: number, entries: number) {
    this.#fd = fd;
    this.#params = params;
    this.#ring = new DataView(toArrayBuffer(ring as Pointer, 0, RING_BYTES));
    this.#entries = new DataView(toArrayBuffer(entries as Pointer, 0, RING_BYTES));
  }

  static open(): IoRing | undefined {
    const bytes = new Uint8Array(PARAMS_SIZE);
    const fd = call("io_uring_setup", ENTRIES, memory(bytes));
    if (fd < 0) return undefined;
    const ring = call("mmap", 0, RING_BYTES, READ_WRITE, SHARED, fd, 0);
    const entries = call("mmap", 0, RING_BYTES, READ_WRITE, SHARED, fd, OFF_SQES);
    if (ring < 0 || entries < 0) return undefined;
    return new IoRing(fd, new DataView(bytes.buffer), ring, entries);
  }

  /** Opens a file (address of its path) to read it. */
  openat(path: number): number {
    return this.#submit(OP.openat, { fd: AT_FDCWD, address: path });
  }

  close(fd: number): number {
    return this.#submit(OP.close, { fd });
  }

  socket(family: number, type: number): number {
    return this.#submit(OP.socket, { fd: family, offset: type });
  }

  #submit(
    code: number,
    { fd, address = 0, offset = 0 }: { fd: number; address?: number; offset?: number },
  ): number {
    const at = (name: keyof typeof AT): number => this.#params.getUint32(AT[name], true);
    const tail = this.#ring.getUint32(at("tail"), true);
    const index = tail % ENTRIES;
    const entry = index * SQE_SIZE;
    for (let i = 0; i < SQE_SIZE; i += 8) this.#entries.setBigUint64(entry + i, 0n, true);
    this.#entries.setUint8(entry, code);
    this.#entries.setInt32(entry + 4, fd, true);
    this.#entries.setBigUint64(entry + 8, BigInt(offset), true);
    this.#entries.setBigUint64(entry + 16, BigInt(address), true);
    this.#ring.setUint32(at("array") + 4 * index, index, true);
    this.#ring.setUint32(at("tail"), tail + 1, true);
    call("io_uring_enter", this.#fd, 1, 1, GETEVENTS, 0, 0);
    const last = this.#ring.getUint32(at("doneTail"), true) - 1;
    const mask = this.#ring.getUint32(at("mask"), true);
    return this.#ring.getInt32(at("done") + 16 * (last & mask) + 8, true);
  }
}
