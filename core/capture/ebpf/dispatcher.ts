import { type Label, R0, R1, R2, R3, R6, R7, R8, R9, R10 } from "./assembler.ts";
import { LAST_ERRNO } from "./call-filter.ts";
import { Emitter } from "./emitter.ts";
import { HELPER } from "./helper.ts";
import {
  CALL_TABLE_SIZE,
  COMPAT_BASE,
  INTEREST,
  MAX_SYSCALLS,
  SOCKETCALL,
  SOCKETCALL_BASE,
  WANTED,
} from "./interest.ts";
import { forgetCopies, takeCopies } from "./kernel-copies.ts";
import { SCRATCH } from "./scratch.ts";
import type { Target } from "./target.ts";
import { currentTask, member } from "./values.ts";

/** Like socketcall, i386's old_mmap(arguments) has its arguments in memory. */
const OLD_MMAP = 90;

/**
 * The program on sys_exit. A call nobody wants leaves after one load and one test; for the others it puts arguments and
 * result into the scratch area and goes on to the call's own program.
 */
export function dispatcherProgram(target: Target): Buffer {
  const k = new Emitter(target);
  const { asm, btf } = k;
  const { arch, maps } = target;
  const done = asm.label("done");
  asm.mov(R6, R1);
  asm.load(8, R7, R6, 0);
  asm.mov(R0, R7);
  k.follow(btf.path("pt_regs", arch.number));
  asm.alu32("mov", R9, R0);
  if (arch.marked !== undefined) asm.alu32("and", R9, ~arch.marked);
  asm.jump("ge", R9, MAX_SYSCALLS, done);
  asm.mapValue(R1, maps.interest, INTEREST.flags);
  asm.alu("add", R1, R9);
  asm.load(1, R8, R1, 0);
  asm.jump("eq", R8, 0, done);

  const dispatch = asm.label("dispatch");
  if (arch.compat) {
    const native = asm.label("native");
    isCompat(k);
    asm.jump("eq", R0, 0, native);
    compatCall(k, dispatch, done);
    asm.place(native);
  }
  const all = asm.label("failures too");
  const failed = asm.label("failed");
  asm.mov(R0, R8);
  asm.alu("and", R0, WANTED.native);
  asm.jump("eq", R0, 0, done);
  unlessSelf(k, done);
  if (!target.dropFailed) {
    asm.mov(R0, R8);
    asm.alu("and", R0, WANTED.successOnly);
    asm.jump("eq", R0, 0, all);
  }
  asm.load(8, R0, R6, 8);
  if (target.dropFailed) asm.jump("slt", R0, 0, failed);
  // Addresses are no errors, however high.
  else asm.jump("ge", R0, -LAST_ERRNO, failed);
  asm.place(all);
  k.loadScratch(R8, done);
  asm.store(4, R8, SCRATCH.compat, 0);
  copyCall(k, arch.args, 8);
  asm.place(dispatch);
  asm.store(4, R8, SCRATCH.call, R9);
  asm.mov(R1, R6);
  asm.map(R2, maps.programs);
  asm.mov(R3, R9);
  asm.call(HELPER.tailCall);
  if (target.copies) {
    asm.goto(done);
    asm.place(failed);
    asm.alu("and", R8, WANTED.copies);
    asm.jump("eq", R8, 0, done);
    forgetCopies(k);
  } else asm.place(failed);
  asm.place(done);
  asm.mov(R0, 0);
  asm.exit();
  return asm.finish();
}

/** R0 = not 0 in a call of a 32-bit program. */
function isCompat(k: Emitter): void {
  const { asm, btf, target } = k;
  const { member: name, mask } = target.arch.compat!;
  if (target.cast === undefined) member(currentTask, "task_struct", name)(k);
  else {
    // Of a typed pointer members can be loaded as they are.
    asm.call(HELPER.currentTaskTyped);
    asm.load(4, R0, R0, btf.path("task_struct", name).offset);
  }
  asm.alu("and", R0, mask);
}

/** Goes to `done` in calls of this process. */
function unlessSelf(k: Emitter, done: Label): void {
  const { asm, target } = k;
  asm.call(HELPER.currentPidTgid);
  asm.alu("shr", R0, 32);
  asm.jump("eq", R0, target.self, done);
}

/** Goes to `dispatch` with the arguments of a 32-bit program's call (R9 its number, R8 its flags) in the scratch area (R8), or to `done`. */
function compatCall(k: Emitter, dispatch: Label, done: Label): void {
  const { asm, target } = k;
  if (target.copies) {
    const taken = asm.label("copies taken");
    asm.mov(R0, R8);
    asm.alu("and", R0, WANTED.compatCopies);
    asm.jump("eq", R0, 0, taken);
    // Whatever becomes of the call, and of calls with one number (socketcall) not all may be wanted: what is kept of one must not outlive it.
    takeCopies(k, target.copies);
    asm.place(taken);
  }
  if (target.dropFailed) {
    asm.load(8, R0, R6, 8);
    asm.jump("slt", R0, 0, done);
  }
  unlessSelf(k, done);
  asm.alu("and", R8, WANTED.compat);
  asm.jump("eq", R8, 0, done);
  k.loadScratch(R8, done);
  asm.store(4, R8, SCRATCH.compat, 1);
  copyCall(k, target.arch.compat!.args, 4);
  argumentsInMemory(k, dispatch, done);
  asm.alu("add", R9, COMPAT_BASE);
  asm.goto(dispatch);
}

/** Takes the arguments (R8 the scratch area) from where they are for calls (R9) that pass their address; a socketcall goes on to `dispatch`. */
function argumentsInMemory(k: Emitter, dispatch: Label, done: Label): void {
  const { asm } = k;
  const plain = asm.label("plain");
  const mmap = asm.label("old mmap");
  asm.jump("eq", R9, OLD_MMAP, mmap);
  asm.jump("ne", R9, SOCKETCALL, plain);
  asm.load(8, R9, R8, SCRATCH.args);
  asm.jump("ge", R9, CALL_TABLE_SIZE - SOCKETCALL_BASE, done);
  asm.alu("add", R9, SOCKETCALL_BASE);
  readArguments(k, 1, done);
  asm.goto(dispatch);
  asm.place(mmap);
  readArguments(k, 0, done);
  asm.place(plain);
}

/** Replaces the arguments by the six u32 that argument `index` points to. A socketcall may have fewer: what lies behind is not used. */
function readArguments(k: Emitter, index: number, done: Label): void {
  const { asm } = k;
  const count = 6;
  k.temporary(4 * count, (at) => {
    const read = asm.label("arguments read");
    asm.load(8, R3, R8, SCRATCH.args + 8 * index);
    // Close to the end of a page six may be too many; three is the least that matters.
    for (const size of [4 * count, 12]) {
      asm.mov(R1, R10);
      asm.alu("add", R1, at);
      asm.mov(R2, size);
      asm.call(HELPER.probeReadUser);
      asm.jump("eq", R0, 0, read);
      asm.load(8, R3, R8, SCRATCH.args + 8 * index);
    }
    asm.goto(done);
    asm.place(read);
    for (let i = 0; i < count; i++) {
      asm.load(4, R1, R10, at + 4 * i);
      asm.store(8, R8, SCRATCH.args + 8 * i, R1);
    }
  });
}

/** Copies the result and the arguments, each `width` bytes wide, from the registers (R7) to the scratch area (R8). */
function copyCall(k: Emitter, args: readonly string[], width: 4 | 8): void {
  const { asm, btf, target } = k;
  asm.load(8, R1, R6, 8);
  asm.store(8, R8, SCRATCH.result, R1);
  const paths = args.map((name) => btf.path("pt_regs", name));
  if (target.cast !== undefined) {
    asm.mov(R1, R7);
    asm.mov(R2, btf.need("pt_regs"));
    asm.callKernel(target.cast);
    paths.forEach(({ offset }, i) => {
      asm.load(width, R1, R0, offset);
      asm.store(8, R8, SCRATCH.args + 8 * i, R1);
    });
    return;
  }
  // One read of the span that holds them all costs as much as one of a single register.
  const first = Math.min(...paths.map(({ offset }) => offset));
  const last = Math.max(...paths.map(({ offset }) => offset)) + 8;
  k.temporary(last - first, (at) => {
    asm.mov(R1, R10);
    asm.alu("add", R1, at);
    asm.mov(R2, last - first);
    asm.mov(R3, R7);
    asm.alu("add", R3, first);
    asm.call(HELPER.probeReadKernel);
    paths.forEach(({ offset }, i) => {
      asm.load(width, R1, R10, at + offset - first);
      asm.store(8, R8, SCRATCH.args + 8 * i, R1);
    });
  });
}
