import { ptr } from "bun:ffi";
import { closeSync, openSync, readSync } from "node:fs";
import { libc } from "../../ffi/libc.ts";

const PAGE = 4096;
const STRING_CHUNK = 256;
const NOTHING = new Uint8Array(0);

const chunk = Buffer.alloc(1 << 17);
const chunkAddress = ptr(chunk);
/** struct iovec { void *base; size_t length } */
const local = new BigUint64Array(2);
const remote = new BigUint64Array(4);

/** Reads up to `length` bytes at `address` of the thread's memory into the shared chunk; how many could be. */
function readInto(tid: number, address: bigint, length: number): number {
  const size = Math.min(length, chunk.length);
  if (size <= 0 || address <= 0n || address > 0x7fff_ffff_ffffn) return 0;
  const first = Math.min(size, PAGE - Number(address & BigInt(PAGE - 1)));
  local[0] = BigInt(chunkAddress);
  local[1] = BigInt(size);
  // A transfer never stops inside an element: split where memory may end.
  remote[0] = address;
  remote[1] = BigInt(first);
  remote[2] = address + BigInt(first);
  remote[3] = BigInt(size - first);
  const count = size > first ? 2 : 1;
  const read = Number(libc().process_vm_readv(tid, ptr(local), 1, ptr(remote), count, 0));
  return read < 0 ? readThroughProc(tid, address, size) : read;
}

/**
 * The same through /proc. Container runtimes forbid process_vm_readv to containers without SYS_PTRACE (docker's
 * default seccomp profile), but let a tracer open the memory of its tracee. Opened anew each time: the file stays
 * with the memory that a process had before exec.
 */
function readThroughProc(tid: number, address: bigint, size: number): number {
  let fd: number;
  try {
    fd = openSync(`/proc/${tid}/mem`, "r");
  } catch {
    // Gone, or not to be read by us: there is nothing to show for this address.
    return 0;
  }
  try {
    return readSync(fd, chunk, 0, size, Number(address));
  } catch {
    // The address is not mapped (EIO).
    return 0;
  } finally {
    closeSync(fd);
  }
}

/** A copy of `length` bytes at a user address; empty where they can't all be read. */
export function readBytes(tid: number, address: bigint, length: number): Uint8Array {
  const read = readInto(tid, address, length);
  return read < Math.min(length, chunk.length) ? NOTHING : Uint8Array.from(chunk.subarray(0, read));
}

/** A little-endian number of `size` bytes at a user address; 0 where unreadable. */
export function readNumber(tid: number, address: bigint, size: 1 | 2 | 4 | 8): bigint {
  if (readInto(tid, address, size) < size) return 0n;
  if (size === 8) return chunk.readBigUInt64LE(0);
  return BigInt(chunk.readUIntLE(0, size));
}

/** The text at a user address with its NUL, at most `max` bytes, NUL included; empty where unreadable. */
export function readString(tid: number, address: bigint, max: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let total = 0;
  for (let size = STRING_CHUNK; total < max; size = PAGE) {
    const read = readInto(tid, address + BigInt(total), Math.min(size, max - total));
    if (read === 0) break;
    const end = chunk.subarray(0, read).indexOf(0);
    parts.push(Uint8Array.from(chunk.subarray(0, end < 0 ? read : end + 1)));
    total += parts.at(-1)!.length;
    if (end >= 0) return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }
  if (total < max) return NOTHING;
  const cut = Buffer.concat(parts);
  cut[max - 1] = 0;
  return cut;
}
