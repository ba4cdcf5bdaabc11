import { type Label, R0, R1, R2, R3, R4, R5, R7, R8, R9, R10 } from "./assembler.ts";
import type { Emitter } from "./emitter.ts";
import { HELPER } from "./helper.ts";
import { COPIES, type KernelCopies, LONG_TEXT, MAX_TEXTS, SHORT_TEXT, taskStorage } from "./kernel-copies.ts";

/**
 * Keeps (R7) the kernel's text at R9 that it copied from user address R8. Where that is not known, R8 is 0 and only texts longer than `unknownFrom` bytes
 * count.
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
    const whole = asm.label("whole text");
    const keep = asm.label("keep text");
    asm.load(4, R1, R7, COPIES.texts);
    asm.jump("ge", R1, MAX_TEXTS, k.drop);
    asm.store(8, R10, index, R1);
    asm.alu("mul", R1, SHORT_TEXT);
    asm.alu("add", R1, R7);
    asm.alu("add", R1, COPIES.text);
    asm.store(8, R10, slot, R1);
    shortText(k, slot, whole);
    taskStorage(k, more, k.drop, true);
    bounded(k, index, MAX_TEXTS);
    asm.alu("mul", R1, LONG_TEXT);
    asm.alu("add", R1, R0);
    asm.store(8, R10, slot, R1);
    asm.mov(R2, SHORT_TEXT);
    asm.mov(R3, R9);
    asm.call(HELPER.probeReadKernel);
    asm.jump("ne", R0, 0, k.drop);
    asm.load(8, R1, R10, slot);
    asm.alu("add", R1, SHORT_TEXT);
    asm.mov(R2, LONG_TEXT - SHORT_TEXT);
    asm.mov(R3, R9);
    asm.alu("add", R3, SHORT_TEXT);
    asm.call(HELPER.probeReadKernelString);
    asm.jump("sle", R0, 0, k.drop);
    asm.alu("add", R0, SHORT_TEXT);
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
    asm.load(4, R1, R7, COPIES.texts);
    asm.alu("add", R1, 1);
    asm.store(4, R7, COPIES.texts, R1);
  });
}

/** Bytes that are copied at once. */
const CHUNK = 64;
const WORD = 8;

/**
 * Copies the text at R9 to where the stack says and goes to `whole` with R0 its length, NUL included; behind it if it is too long. The helper for strings
 * goes byte by byte, which for most names takes several times as long.
 */
function shortText(k: Emitter, slot: number, whole: Label): void {
  const { asm } = k;
  const found = asm.label("word with a NUL");
  const ended = asm.label("NUL");
  const long = asm.label("long text");
  for (let chunk = 0; chunk < SHORT_TEXT; chunk += CHUNK) {
    asm.load(8, R1, R10, slot);
    if (chunk > 0) asm.alu("add", R1, chunk);
    asm.mov(R2, CHUNK);
    asm.mov(R3, R9);
    if (chunk > 0) asm.alu("add", R3, chunk);
    asm.call(HELPER.probeReadKernel);
    asm.jump("ne", R0, 0, k.drop);
    asm.load(8, R1, R10, slot);
    asm.wide(R4, 0x0101_0101_0101_0101n);
    asm.wide(R5, 0x8080_8080_8080_8080n);
    for (let word = chunk; word < chunk + CHUNK; word += WORD) {
      // A byte is 0 if subtracting one sets its highest bit, which was not set.
      asm.load(8, R0, R1, word);
      asm.mov(R2, R0);
      asm.alu("sub", R2, R4);
      asm.mov(R3, R0);
      asm.alu("xor", R3, -1);
      asm.alu("and", R2, R3);
      asm.alu("and", R2, R5);
      asm.mov(R3, word);
      asm.jump("ne", R2, 0, found);
    }
  }
  asm.goto(long);
  asm.place(found);
  asm.alu("add", R3, 1);
  asm.mov(R1, R0);
  asm.alu("and", R1, 0xff);
  asm.jump("eq", R1, 0, ended);
  asm.alu("shr", R0, 8);
  asm.goto(found);
  asm.place(ended);
  asm.mov(R0, R3);
  asm.goto(whole);
  asm.place(long);
}

/** R1 = the number at a stack offset, below `limit` (a power of two) for the verifier too. */
function bounded(k: Emitter, at: number, limit: number): void {
  k.asm.load(8, R1, R10, at);
  k.asm.alu("and", R1, limit - 1);
}
