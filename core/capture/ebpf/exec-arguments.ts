import { R0, R1, R2, R3, R7, R8, R9, R10 } from "./assembler.ts";
import type { Emitter, Value, Writer } from "./emitter.ts";
import { HELPER } from "./helper.ts";
import { SCRATCH } from "./scratch.ts";
import { advance, MAX_PATH } from "./writers.ts";

/** Strings followed in an argv or envp of a call that failed; what succeeded is read from the new memory instead. */
const MAX_STRINGS = 16;

/** R0 = user pointer at index R9 of the array that `array` gives; 0 at its end and where it can't be read. */
function pointer(k: Emitter, array: Value): void {
  const { asm } = k;
  const compat = asm.label("compat pointer");
  const end = asm.label("pointer");
  array(k);
  asm.mov(R3, R0);
  asm.mov(R2, R9);
  asm.load(4, R1, R7, SCRATCH.compat);
  asm.jump("ne", R1, 0, compat);
  asm.alu("shl", R2, 3);
  asm.alu("add", R3, R2);
  k.readUser(8);
  asm.goto(end);
  asm.place(compat);
  asm.alu("shl", R2, 2);
  asm.alu("add", R3, R2);
  k.readUser(4);
  asm.place(end);
}

/** The strings from index `first` to before `end`, each with its NUL, at most 4096 bytes together. */
function strings(array: Value, first: number, last: number): Writer {
  return (k) =>
    k.temporary(8, (before) => {
      const { asm } = k;
      const loop = asm.label("next string");
      const end = asm.label("last string");
      const fits = asm.label("fits");
      asm.store(8, R10, before, R8);
      asm.mov(R9, first);
      asm.place(loop);
      k.branch(() => {
        pointer(k, array);
        asm.jump("eq", R0, 0, end);
        asm.mov(R3, R0);
        k.recordEnd();
        asm.mov(R2, MAX_PATH);
        asm.call(HELPER.probeReadUserString);
        advance(k, MAX_PATH);
        asm.alu("add", R9, 1);
        asm.jump("lt", R9, last, loop);
      });
      asm.place(end);
      asm.load(8, R1, R10, before);
      asm.alu("add", R1, MAX_PATH);
      asm.jump("le", R8, R1, fits);
      asm.mov(R8, R1);
      asm.mov(R1, R7);
      asm.alu("add", R1, R8);
      asm.store(1, R1, SCRATCH.record - 1, 0);
      asm.place(fits);
    });
}

/** The first string of an argv. */
export const execFailureExe = (argv: Value): Writer => strings(argv, 0, 1);

/** Those that follow. */
export const execFailureArgs = (argv: Value): Writer => strings(argv, 1, MAX_STRINGS);

/** The strings of an envp. */
export const execFailureEnv = (envp: Value): Writer => strings(envp, 0, MAX_STRINGS);
