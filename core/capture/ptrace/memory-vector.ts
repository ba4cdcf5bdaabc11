import type { Invocation } from "./tracee.ts";
import { bytesAt, NOTHING, wordAt } from "./values.ts";

/** The rest of an iovec array is neither read nor counted. */
const MAX_IOVECS = 32;

/** struct iovec { void *base; size_t length } */
function* vectors(
  call: Invocation,
  array: bigint,
  count: bigint,
): Generator<{ base: bigint; length: number }> {
  const number = Math.min(Number(BigInt.asIntN(32, count)), MAX_IOVECS);
  for (let i = 0; i < number; i++) {
    yield { base: wordAt(call, array, 2 * i), length: Number(wordAt(call, array, 2 * i + 1)) };
  }
}

/** Bytes that an array of `count` iovecs describes. */
export function vectorSize(call: Invocation, array: bigint, count: bigint): number {
  let size = 0;
  for (const { length } of vectors(call, array, count)) size += length;
  return size;
}

/** The first bytes, at most `limit`, of what the array describes. */
export function vectorBytes(call: Invocation, array: bigint, count: bigint, limit: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let left = limit;
  for (const { base, length } of vectors(call, array, count)) {
    if (left <= 0) break;
    const part = length > 0 ? bytesAt(call, base, Math.min(length, left)) : NOTHING;
    if (length > 0 && part.length === 0) break;
    parts.push(part);
    left -= part.length;
  }
  return Buffer.concat(parts);
}
