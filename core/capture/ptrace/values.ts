import type { NativePairs } from "../../schema/native-flags.ts";
import type { Datum } from "./event-record.ts";
import { readBytes, readNumber, readString } from "./process-memory.ts";
import type { Invocation } from "./tracee.ts";

/** How a parameter is got from a call that has returned. */
export type Read<T extends Datum = Datum> = (call: Invocation) => T;
export type NumberRead = Read<number | bigint>;

/** Longest text kept, NUL included. */
export const MAX_TEXT = 4096;
export const NOTHING = new Uint8Array(0);

export const empty: Read<Uint8Array> = () => NOTHING;
export const constant =
  (value: number): Read<number> =>
  () =>
    value;
export const result: Read<number> = (call) => call.result;

/** Argument `index`, from 0: all 64 bits, the low 32 signed, the low 32 unsigned. */
export const arg =
  (index: number): Read<bigint> =>
  (call) =>
    call.args[index]!;
export const int =
  (index: number): Read<number> =>
  (call) =>
    Number(BigInt.asIntN(32, call.args[index]!));
export const uint =
  (index: number): Read<number> =>
  (call) =>
    Number(BigInt.asUintN(32, call.args[index]!));

/** The argument's bits, of the low 32, that are in the mask. */
export const masked =
  (index: number, mask: number): Read<number> =>
  (call) =>
    (uint(index)(call) & mask) >>> 0;

/** The text at the address that an argument holds. */
export const text =
  (index: number): Read<Uint8Array> =>
  (call) =>
    readString(call.tid, call.args[index]!, MAX_TEXT);

/** Bytes at an address; empty where unreadable. */
export const bytesAt = (call: Invocation, address: bigint, length: number): Uint8Array =>
  readBytes(call.tid, address, length);

/** The number at `offset` of what an argument points to; 0 where unreadable. */
export const pointed =
  (index: number, offset: number, size: 1 | 2 | 4 | 8): Read<bigint> =>
  (call) =>
    readNumber(call.tid, call.args[index]! + BigInt(offset), size);
/** The same as a signed 32-bit number. */
export const pointedInt =
  (index: number, offset: number): Read<number> =>
  (call) =>
    Number(BigInt.asIntN(32, pointed(index, offset, 4)(call)));

/** Word `index` (a long or a pointer, as wide as the program's) of the memory at an address. */
export function wordAt(call: Invocation, address: bigint, index: number): bigint {
  const width = call.compat ? 4 : 8;
  return readNumber(call.tid, address + BigInt(index * width), width);
}

/** The same of what an argument points to. */
export const word =
  (index: number, at: number): Read<bigint> =>
  (call) =>
    wordAt(call, call.args[index]!, at);

/** Native bits to recorded ones, one by one; bits without a pair vanish. */
export function translateBits(value: number | bigint, pairs: NativePairs): number {
  const word = Number(BigInt.asUintN(32, BigInt(value)));
  let recorded = 0;
  for (const [native, bit] of pairs) if (word & native) recorded |= bit;
  return recorded >>> 0;
}

export const bits =
  (value: NumberRead, pairs: NativePairs): Read<number> =>
  (call) =>
    translateBits(value(call), pairs);

/** A native value to the recorded one, as a whole. */
export const translate =
  (value: NumberRead, pairs: NativePairs, otherwise: number): Read<number> =>
  (call) => {
    const native = Number(value(call));
    return pairs.find(([candidate]) => candidate === native)?.[1] ?? otherwise;
  };

/** One way where the result passes, another where not. */
export const when =
  <A extends Datum, B extends Datum>(
    passes: (result: number, call: Invocation) => boolean,
    yes: Read<A>,
    no: Read<B>,
  ): Read<A | B> =>
  (call) =>
    passes(call.result, call) ? yes(call) : no(call);

export const succeeded = (value: number): boolean => value >= 0;
export const some = (value: number): boolean => value > 0;
/** The read's value where the call succeeded, 0 where not. */
export const ifSucceeded = (read: NumberRead): NumberRead => when(isZero, read, constant(0));
export const isZero = (value: number): boolean => value === 0;
