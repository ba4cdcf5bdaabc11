import { type Pointer, toArrayBuffer } from "bun:ffi";
import { check, libc } from "./libc.ts";

export const PROT_READ = 1;
export const PROT_WRITE = 2;
const MAP_SHARED = 1;
const MAP_PRIVATE = 2;
const MAP_ANONYMOUS = 0x20;
const MADV_HUGEPAGE = 14;
const LARGE_PAGE = 2 * 1024 * 1024;

/** Memory shared with the kernel through a descriptor, or with `anonymous` memory of this process that is given back as a whole. The views lie on the mapping itself and must not be used after `unmap`. */
export class Mapping {
  readonly address: number;
  readonly bytes: Buffer;
  readonly view: DataView;
  #mapped = true;

  /** At least `length` bytes that are 0, in large pages if the kernel has them: to touch small ones takes several times as long. Throws SystemError. */
  static anonymous(length: number): Mapping {
    const whole = Math.ceil(length / LARGE_PAGE) * LARGE_PAGE;
    const mapping = new Mapping(-1, whole, 0, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
    // Only advice.
    libc().madvise(mapping.address, whole, MADV_HUGEPAGE);
    return mapping;
  }

  /** Maps `length` bytes of `fd` from `offset` (a multiple of the page size). Throws SystemError. */
  constructor(fd: number, length: number, offset: number, protection: number, flags = MAP_SHARED) {
    this.address = check("mmap", libc().mmap(0, length, protection, flags, fd, offset));
    const memory = toArrayBuffer(this.address as Pointer, 0, length);
    this.bytes = Buffer.from(memory);
    this.view = new DataView(memory);
  }

  unmap(): void {
    if (!this.#mapped) return;
    this.#mapped = false;
    libc().munmap(this.address, this.bytes.length);
  }
}
