import { type JumpOp, R0, R1, R2, R3, R6, R7, R10 } from "./assembler.ts";
import type { Value } from "./emitter.ts";
import { HELPER } from "./helper.ts";
import { SCRATCH } from "./scratch.ts";

/** The call's result. */
export const result: Value = (k) => k.asm.load(8, R0, R7, SCRATCH.result);

/** The call's argument `index`, from 0, as 64 bits. */
export function arg(index: number): Value {
  return (k) => k.asm.load(8, R0, R7, SCRATCH.args + 8 * index);
}

/** Argument `index` of a tracepoint. */
export function tracepointArg(index: number): Value {
  return (k) => k.asm.load(8, R0, R6, 8 * index);
}

export function constant(value: number): Value {
  return (k) => k.asm.mov(R0, value);
}

/** The low 32 bits, signed: descriptors, pids and other ints passed in a register. */
export function int(value: Value): Value {
  return (k) => {
    value(k);
    k.alu("shl", 32);
    k.alu("sar", 32);
  };
}

/** The low 32 bits, unsigned. */
export function uint(value: Value): Value {
  return (k) => {
    value(k);
    k.asm.alu32("mov", R0, R0);
  };
}

/** Descriptor argument `index`; AT_FDCWD is the same −100 in the record. */
export const fdArg = (index: number): Value => int(arg(index));

/** The value, computed once a program. */
export function shared(value: Value): Value {
  return (k) => k.share(value);
}

export const currentTask: Value = (k) => k.asm.call(HELPER.currentTask);

/** Member of the structure `base` points to, zero-extended; 0 when a pointer on the way is null. Of several paths the first this kernel has. */
export function member(base: Value, structure: string, ...paths: readonly string[]): Value {
  return (k) => {
    const path = k.btf.path(structure, ...paths);
    base(k);
    k.follow(path);
  };
}

/** Member of the current task. */
export const taskMember = (...paths: readonly string[]): Value =>
  member(currentTask, "task_struct", ...paths);

/** Address of a member; 0 when a pointer on the way is null. */
export function address(base: Value, structure: string, ...paths: readonly string[]): Value {
  return (k) => {
    const path = k.btf.path(structure, ...paths);
    base(k);
    k.addressOf(path);
  };
}

/** The `size` bytes at the user address that `at` gives plus `offset`; 0 where unreadable. */
export const userRead = (at: Value, offset: number, size: 1 | 2 | 4 | 8): Value =>
  read("readUser", at, offset, size);

/** As `userRead` for kernel addresses. */
export const kernelRead = (at: Value, offset: number, size: 1 | 2 | 4 | 8): Value =>
  read("readKernel", at, offset, size);

function read(how: "readUser" | "readKernel", at: Value, offset: number, size: 1 | 2 | 4 | 8): Value {
  return (k) => {
    at(k);
    k.asm.mov(R3, R0);
    if (offset !== 0) k.asm.alu("add", R3, offset);
    k[how](size);
  };
}

/** A 16-bit number in network order, as the machine's. */
export function port(value: Value): Value {
  return (k) => {
    value(k);
    k.asm.swap(R0, 16);
  };
}

/** `a op b` with b computed first. */
export function combine(op: "add" | "sub" | "mul" | "or" | "and", a: Value, b: Value): Value {
  return (k) =>
    k.temporary(8, (at) => {
      b(k);
      k.asm.store(8, R10, at, R0);
      a(k);
      k.asm.load(8, R1, R10, at);
      k.asm.alu(op, R0, R1);
    });
}

/** `a / b`, unsigned; 0 where b is 0, as the machine has it. */
export function divide(a: Value, b: Value): Value {
  return (k) =>
    k.cells(1, (divisor) => {
      divisor.keep(k, b);
      a(k);
      divisor.load(k, R1);
      k.asm.alu("div", R0, R1);
    });
}

/** `yes` where `value op operand` holds, else `no`; either may be a writer. */
export function when(value: Value, op: JumpOp, operand: number, yes: Value, no: Value): Value {
  return (k) => {
    value(k);
    k.choose(
      op,
      operand,
      () => yes(k),
      () => no(k),
    );
  };
}

/** `yes` where two values, pointers maybe, are the same, else `no`. */
export function whenEqual(a: Value, b: Value, yes: Value, no: Value): Value {
  return (k) => {
    k.temporary(8, (at) => {
      b(k);
      k.asm.store(8, R10, at, R0);
      a(k);
      k.asm.load(8, R1, R10, at);
    });
    k.choose(
      "eq",
      R1,
      () => yes(k),
      () => no(k),
    );
  };
}

/** Pairs of a native value and the record's value. */
export type ValuePairs = readonly (readonly [native: number, recorded: number])[];

/**
 * Bits translated one by one: each native bit that is set sets the recorded ones; bits without a pair vanish. Bits that
 * move by the same distance are moved together, so common tables take a handful of instructions and no branch.
 */
export function bits(value: Value, pairs: ValuePairs): Value {
  const moves = new Map<number, number>();
  for (const [native, recorded] of pairs) {
    const from = Math.log2(native >>> 0);
    const to = Math.log2(recorded >>> 0);
    if (!Number.isInteger(from) || !Number.isInteger(to))
      throw new Error(`not single bits: ${native}, ${recorded}`);
    moves.set(to - from, ((moves.get(to - from) ?? 0) | native) >>> 0);
  }
  return (k) => {
    value(k);
    k.asm.mov(R1, R0);
    k.asm.mov(R0, 0);
    for (const [distance, mask] of moves) {
      k.asm.alu32("mov", R2, R1);
      k.asm.alu32("and", R2, mask);
      if (distance !== 0) k.asm.alu(distance > 0 ? "shl" : "shr", R2, Math.abs(distance));
      k.asm.alu("or", R0, R2);
    }
  };
}

/** A value translated as a whole, `otherwise` where the table has none. Pairs equal on both sides need no entry if `otherwise` is "same". */
export function translate(value: Value, pairs: ValuePairs, otherwise: number | "same"): Value {
  return (k) => {
    const { asm } = k;
    const end = asm.label("translated");
    value(k);
    asm.mov(R1, R0);
    for (const [native, recorded] of pairs) {
      asm.mov(R0, recorded);
      asm.jump32("eq", R1, native, end);
    }
    if (otherwise === "same") asm.mov(R0, R1);
    else asm.mov(R0, otherwise);
    asm.place(end);
  };
}

/** What the first case with the value's low 32 bits gives, else `otherwise`; all may be writers. */
export function match(
  value: Value,
  cases: readonly (readonly [values: readonly number[], result: Value])[],
  otherwise: Value,
): Value {
  return (k) => {
    const { asm } = k;
    const end = asm.label("matched");
    // The verifier rejects code that nothing leads to.
    const possible = cases.filter(([values]) => values.length > 0);
    const labels = possible.map(() => asm.label("case"));
    value(k);
    possible.forEach(([values], i) => {
      for (const one of values) asm.jump32("eq", R0, one, labels[i]!);
    });
    k.branch(() => otherwise(k));
    possible.forEach(([, result], i) => {
      asm.goto(end);
      asm.place(labels[i]!);
      k.branch(() => result(k));
    });
    asm.place(end);
  };
}

/** `yes` in a call of a 32-bit program, else `no`; either may be a writer. */
export function whenCompat(yes: Value, no: Value): Value {
  const flag: Value = (k) => k.asm.load(4, R0, R7, SCRATCH.compat);
  return (k) => (k.target.arch.compat ? when(flag, "ne", 0, yes, no) : no)(k);
}

/** Word `index` (a long or a pointer, as wide as the program's) of the user memory at `at`; wide ones are signed. */
export function userWord(at: Value, index: number): Value {
  return whenCompat(userRead(at, 4 * index, 4), userRead(at, 8 * index, 8));
}

/** The value's bits moved up. */
export function shiftLeft(value: Value, by: number): Value {
  return (k) => {
    value(k);
    k.alu("shl", by);
  };
}

/** The value's bits that are in `mask`. */
export function masked(value: Value, mask: number): Value {
  return (k) => {
    value(k);
    k.alu("and", mask);
  };
}
