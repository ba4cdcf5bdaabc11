import { type Label, R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10 } from "./assembler.ts";
import type { Emitter } from "./emitter.ts";
import { HELPER } from "./helper.ts";
import { COPIES, type KernelCopies, LONG_TEXT, MAX_TEXTS, SHORT_TEXT, taskStorage } from "./kernel-copies.ts";

/** Bytes that are copied at once: most names take no more, and of the others most no more than SHORT_TEXT. */
const CHUNK = 64;
const LONG_CHUNK = 256;
const WORD = 8;
const LOW_BITS = 0x0101_0101_0101_0101n;
const HIGH_BITS = 0x8080_8080_8080_8080n;

/**
 * Keeps (R7) the kernel's text at R9 that it copied from user address R8. Where that is not known, R8 is 0 and only texts longer than `unknownFrom` bytes
 * count. Uses R6.
 */
export function keepText(
  k: Emitter,
  { more }: Pick<KernelCopies, "more">,
  unknownFrom: number | undefined,
): void {
  const { asm } = k;
  k.temporary(16, (at) => {
    const index = at;
    const slot = at + 8;
    const found = asm.label("word with a NUL");
    const whole = asm.label("whole text");
    const keep = asm.label("keep text");
    asm.load(4, R1, R7, COPIES.texts);
    asm.jump("ge", R1, MAX_TEXTS, k.drop);
    asm.store(8, R10, index, R1);
    asm.alu("mul", R1, SHORT_TEXT);
    asm.alu("add", R1, R7);
    asm.alu("add", R1, COPIES.text);
    asm.store(8, R10, slot, R1);
    shortText(k, slot, found);
    taskStorage(k, more, k.drop, { create: true });
    bounded(k, index, MAX_TEXTS);
    asm.alu("mul", R1, LONG_TEXT);
    asm.alu("add", R1, R0);
    asm.store(8, R10, slot, R1);
    longText(k, slot, { found, whole });
    asm.place(found);
    lengthTo(k);
    asm.place(whole);
    if (unknownFrom !== undefined) {
      asm.jump("ne", R8, 0, keep);
      asm.jump("le", R0, unknownFrom, k.drop);
    }
    asm.place(keep);
    bounded(k, index, MAX_TEXTS);
    asm.alu("mul", R1, COPIES.slotSize);
    asm.alu("add", R1, R7);
    asm.store(8, R1, COPIES.slots, R8);
    asm.store(8, R1, COPIES.slots + 8, R0);
    bounded(k, index, MAX_TEXTS);
    asm.alu("add", R1, 1);
    asm.store(4, R7, COPIES.texts, R1);
  });
}

/**
 * Copies the text at R9 to where the stack says and goes to `found` as soon as it has come to its end; behind it if the text is longer. The helper for
 * strings goes byte by byte, which takes several times as long.
 */
function shortText(k: Emitter, slot: number, found: Label): void {
  const { asm } = k;
  for (let chunk = 0; chunk < SHORT_TEXT; chunk += CHUNK) {
    asm.load(8, R1, R10, slot);
    if (chunk > 0) asm.alu("add", R1, chunk);
    asm.mov(R2, CHUNK);
    asm.mov(R3, R9);
    if (chunk > 0) asm.alu("add", R3, chunk);
    asm.call(HELPER.probeReadKernel);
    asm.jump("ne", R0, 0, k.drop);
    asm.load(8, R1, R10, slot);
    if (chunk > 0) asm.alu("add", R1, chunk);
    asm.mov(R0, chunk);
    findNul(k, CHUNK, found);
  }
}

/**
 * The same for one that is known not to end within SHORT_TEXT bytes; what is beyond LONG_TEXT is cut off. Goes to `whole`, with R0 the text's length, where it
 * does not know the word.
 */
function longText(
  k: Emitter,
  slot: number,
  { found, whole }: Readonly<Record<"found" | "whole", Label>>,
): void {
  const { asm } = k;
  const loop = asm.label("further chunk");
  const last = asm.label("last chunk");
  const copy = (helper: number): void => {
    asm.load(8, R1, R10, slot);
    asm.alu("add", R1, R6);
    asm.mov(R2, LONG_CHUNK);
    asm.mov(R3, R9);
    asm.alu("add", R3, R6);
    asm.call(helper);
  };
  asm.load(8, R1, R10, slot);
  asm.mov(R2, SHORT_TEXT);
  asm.mov(R3, R9);
  asm.call(HELPER.probeReadKernel);
  asm.jump("ne", R0, 0, k.drop);
  asm.mov(R6, SHORT_TEXT);
  asm.place(loop);
  copy(HELPER.probeReadKernel);
  asm.jump("ne", R0, 0, last);
  asm.load(8, R1, R10, slot);
  asm.alu("add", R1, R6);
  asm.mov(R0, R6);
  findNul(k, LONG_CHUNK, found);
  asm.alu("add", R6, LONG_CHUNK);
  asm.jump("lt", R6, LONG_TEXT - LONG_CHUNK, loop);
  // What lies behind a text need not be readable.
  asm.place(last);
  copy(HELPER.probeReadKernelString);
  asm.jump("sle", R0, 0, k.drop);
  asm.alu("add", R0, R6);
  asm.goto(whole);
}

/** Looks through `length` bytes at R1 and goes to `found` with R0 increased by the offset of the first word that has a NUL, and R2 its mark. */
function findNul(k: Emitter, length: number, found: Label): void {
  const { asm } = k;
  asm.wide(R4, LOW_BITS);
  asm.wide(R5, HIGH_BITS);
  for (let word = 0; word < length; word += WORD) {
    // A byte is 0 if subtracting one sets its highest bit, which was not set; the lowest such one certainly is.
    asm.load(8, R3, R1, word);
    asm.mov(R2, R3);
    asm.alu("sub", R2, R4);
    asm.alu("xor", R3, -1);
    asm.alu("and", R2, R3);
    asm.alu("and", R2, R5);
    asm.jump("ne", R2, 0, found);
    asm.alu("add", R0, WORD);
  }
}

/** R0 = the text's length, NUL included, from R0 the offset of the word that has the NUL and R2 its mark. */
function lengthTo(k: Emitter): void {
  const { asm } = k;
  // Of the bits below the lowest mark the lowest bit of each byte up to that of the NUL remains: they are counted.
  asm.mov(R1, R2);
  asm.alu("sub", R1, 1);
  asm.alu("xor", R2, -1);
  asm.alu("and", R1, R2);
  asm.wide(R3, LOW_BITS);
  asm.alu("and", R1, R3);
  asm.alu("mul", R1, R3);
  asm.alu("shr", R1, 56);
  asm.alu("add", R0, R1);
}

/** R1 = the number at a stack offset, below `limit` (a power of two) for the verifier too. */
function bounded(k: Emitter, at: number, limit: number): void {
  k.asm.load(8, R1, R10, at);
  k.asm.alu("and", R1, limit - 1);
}
