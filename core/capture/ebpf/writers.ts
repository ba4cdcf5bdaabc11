import { R0, R1, R2, R3, R7, R8, R10 } from "./assembler.ts";
import type { Emitter, Value, Writer } from "./emitter.ts";
import { HELPER } from "./helper.ts";
import { SCRATCH } from "./scratch.ts";

/** Longest text kept, NUL included. */
export const MAX_PATH = 4096;

/** An empty parameter. */
export const empty: Writer = () => {};

/** The NUL-terminated text at a user address, NUL included; empty where unreadable. */
export const userString = (at: Value, max = MAX_PATH): Writer => string(HELPER.probeReadUserString, at, max);

/** As `userString` for kernel addresses. */
export const kernelString = (at: Value, max = MAX_PATH): Writer =>
  string(HELPER.probeReadKernelString, at, max);

function string(helper: number, at: Value, max: number): Writer {
  return (k) => {
    at(k);
    k.asm.mov(R3, R0);
    k.recordEnd();
    k.asm.mov(R2, max);
    k.asm.call(helper);
    advance(k, max);
  };
}

/** R8 += R0, or nothing where R0 is an error (then it is beyond `max`, unsigned). */
export function advance(k: Emitter, max: number): void {
  const { asm } = k;
  const bad = asm.label("unreadable");
  asm.jump("gt", R0, max, bad);
  asm.alu("add", R8, R0);
  asm.place(bad);
}

/** `length` bytes at user address `at`, at most `max`; empty where unreadable. */
export const userBytes = (at: Value, length: Value, max: number): Writer =>
  bytes(HELPER.probeReadUser, at, length, max);

export const kernelBytes = (at: Value, length: Value, max: number): Writer =>
  bytes(HELPER.probeReadKernel, at, length, max);

function bytes(helper: number, at: Value, length: Value, max: number): Writer {
  return (k) => {
    const { asm } = k;
    const end = asm.label("bytes end");
    const short = asm.label("short");
    k.temporary(8, (slot) => {
      length(k);
      asm.jump("sle", R0, 0, end);
      asm.jump("le", R0, max, short);
      asm.mov(R0, max);
      asm.place(short);
      asm.store(8, R10, slot, R0);
      k.branch(() => at(k));
      asm.mov(R3, R0);
      k.recordEnd();
      asm.load(8, R2, R10, slot);
      asm.call(helper);
      asm.jump("ne", R0, 0, end);
      asm.load(8, R0, R10, slot);
      asm.alu("add", R8, R0);
      asm.place(end);
    });
  };
}

/** `length` user bytes of NUL-separated strings, the last always ended by a NUL even where cut. */
export function userStringBlock(at: Value, length: Value, max = MAX_PATH): Writer {
  const write = userBytes(at, length, max);
  return (k) => {
    const { asm } = k;
    k.temporary(8, (before) => {
      const end = asm.label("block end");
      asm.store(8, R10, before, R8);
      write(k);
      asm.load(8, R1, R10, before);
      asm.jump("eq", R8, R1, end);
      asm.mov(R1, R7);
      asm.alu("add", R1, R8);
      asm.store(1, R1, SCRATCH.record - 1, 0);
      asm.place(end);
    });
  };
}

/** One after the other into the same parameter. */
export function sequence(...writers: readonly Writer[]): Writer {
  return (k) => {
    for (const write of writers) write(k);
  };
}

/** Appends the low `size` bytes of a value. */
export function scalar(size: 1 | 2 | 4 | 8, value: Value): Writer {
  return (k) => {
    value(k);
    k.append(size);
  };
}
