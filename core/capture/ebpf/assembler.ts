/** A BPF register. R0 holds results, R1–R5 arguments (lost in calls), R6–R9 survive calls, R10 is the frame's end. */
export interface Reg {
  readonly n: number;
}

const reg = (n: number): Reg => ({ n });
export const R0 = reg(0);
export const R1 = reg(1);
export const R2 = reg(2);
export const R3 = reg(3);
export const R4 = reg(4);
export const R5 = reg(5);
export const R6 = reg(6);
export const R7 = reg(7);
export const R8 = reg(8);
export const R9 = reg(9);
export const R10 = reg(10);

/** A place in the program that jumps lead to; it is given its position by `place`. */
export interface Label {
  readonly name: string;
}

/** A register, or a constant that fits 32 bits signed. */
export type Operand = Reg | number;

export type Size = 1 | 2 | 4 | 8;

// Instruction: | opcode 8 | dst 4 | src 4 | offset 16 | immediate 32 |. Opcode of ALU and jumps: | operation 4 | source 1 | class 3 |,
// of loads and stores: | mode 3 | size 2 | class 3 |.
const CLASS = { LD: 0, LDX: 1, ST: 2, STX: 3, ALU: 4, JMP: 5, JMP32: 6, ALU64: 7 } as const;
const ALU = {
  add: 0x00,
  sub: 0x10,
  mul: 0x20,
  div: 0x30,
  or: 0x40,
  and: 0x50,
  shl: 0x60,
  shr: 0x70,
  mod: 0x90,
  xor: 0xa0,
  mov: 0xb0,
  sar: 0xc0,
} as const;
const JUMP = {
  eq: 0x10,
  gt: 0x20,
  ge: 0x30,
  set: 0x40,
  ne: 0x50,
  sgt: 0x60,
  sge: 0x70,
  lt: 0xa0,
  le: 0xb0,
  slt: 0xc0,
  sle: 0xd0,
} as const;
const SIZE: Readonly<Record<Size, number>> = { 1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18 };
const MODE_MEM = 0x60;
const MODE_ATOMIC = 0xc0;
const SOURCE_REG = 0x08;
const CALL = 0x80;
const EXIT = 0x90;
const SWAP = 0xd0;

/** What a wide immediate stands for, kept in its source register field. */
const PSEUDO_MAP_FD = 1;
const PSEUDO_MAP_VALUE = 2;
const PSEUDO_KFUNC_CALL = 2;
/** The same for a call of a function of the program itself. */
const PSEUDO_CALL = 1;

export type AluOp = keyof typeof ALU;
export type JumpOp = keyof typeof JUMP;

const INSN_SIZE = 8;

/**
 * Writes BPF instructions. Every method appends one instruction (the wide immediates two); jumps go to labels
 * and are resolved by `finish`. Mistakes of the caller (a constant that doesn't fit, a label never placed) throw.
 */
export class Assembler {
  #bytes = Buffer.alloc(4096);
  #count = 0;
  readonly #places = new Map<Label, number>();
  readonly #jumps: { readonly at: number; readonly label: Label }[] = [];
  readonly #calls: { readonly at: number; readonly label: Label }[] = [];

  /** Instructions so far. */
  get length(): number {
    return this.#count;
  }

  label(name: string): Label {
    return { name };
  }

  place(label: Label): void {
    if (this.#places.has(label)) throw new Error(`BPF assembler: label "${label.name}" placed twice`);
    this.#places.set(label, this.#count);
  }

  mov(dst: Reg, operand: Operand): void {
    this.alu("mov", dst, operand);
  }

  /** `dst = dst op operand` on 64 bits. */
  alu(op: AluOp, dst: Reg, operand: Operand): void {
    this.#operation(CLASS.ALU64 | ALU[op], dst, operand, 0);
  }

  /** As `alu` on the low 32 bits; the high ones become 0. */
  alu32(op: AluOp, dst: Reg, operand: Operand): void {
    this.#operation(CLASS.ALU | ALU[op], dst, operand, 0);
  }

  /** Turns the low `bits` of `dst` from the machine's (little-endian) to network order, or back; clears the rest. */
  swap(dst: Reg, bits: 16 | 32 | 64): void {
    this.#emit(CLASS.ALU | SWAP | SOURCE_REG, dst.n, 0, 0, bits);
  }

  /** `dst = *(size *)(src + offset)`, zero-extended. */
  load(size: Size, dst: Reg, src: Reg, offset: number): void {
    this.#emit(CLASS.LDX | MODE_MEM | SIZE[size], dst.n, src.n, offset, 0);
  }

  /** `*(size *)(dst + offset) = operand`. */
  store(size: Size, dst: Reg, offset: number, operand: Operand): void {
    if (typeof operand === "number")
      this.#emit(CLASS.ST | MODE_MEM | SIZE[size], dst.n, 0, offset, int32(operand));
    else this.#emit(CLASS.STX | MODE_MEM | SIZE[size], dst.n, operand.n, offset, 0);
  }

  /** `*(size *)(dst + offset) += src`, atomically. */
  atomicAdd(size: 4 | 8, dst: Reg, offset: number, src: Reg): void {
    this.#emit(CLASS.STX | MODE_ATOMIC | SIZE[size], dst.n, src.n, offset, 0);
  }

  /** Goes to `label` if `dst op operand` holds (64 bits; the s forms are signed, `set` tests common bits). */
  jump(op: JumpOp, dst: Reg, operand: Operand, label: Label): void {
    this.#jumps.push({ at: this.#count, label });
    this.#operation(CLASS.JMP | JUMP[op], dst, operand, 0);
  }

  /** As `jump` on the low 32 bits. */
  jump32(op: JumpOp, dst: Reg, operand: Operand, label: Label): void {
    this.#jumps.push({ at: this.#count, label });
    this.#operation(CLASS.JMP32 | JUMP[op], dst, operand, 0);
  }

  goto(label: Label): void {
    this.#jumps.push({ at: this.#count, label });
    this.#emit(CLASS.JMP, 0, 0, 0, 0);
  }

  /** Calls the kernel helper of that number. */
  call(helper: number): void {
    this.#emit(CLASS.JMP | CALL, 0, 0, 0, helper);
  }

  /** Calls a kernel function by its BTF type id. */
  callKernel(typeId: number): void {
    this.#emit(CLASS.JMP | CALL, 0, PSEUDO_KFUNC_CALL, 0, typeId);
  }

  /** Calls the function of this program that begins at `label`; it has R1–R5 as they are, registers R6–R9 and a frame of its own, and gives R0. */
  callOwn(label: Label): void {
    this.#calls.push({ at: this.#count, label });
    this.#emit(CLASS.JMP | CALL, 0, PSEUDO_CALL, 0, 0);
  }

  exit(): void {
    this.#emit(CLASS.JMP | EXIT, 0, 0, 0, 0);
  }

  /** `dst = value`, all 64 bits. */
  wide(dst: Reg, value: bigint): void {
    const bits = BigInt.asUintN(64, value);
    this.#wide(dst, 0, Number(bits & 0xffff_ffffn) | 0, Number(bits >> 32n) | 0);
  }

  /** `dst` = the map behind a descriptor. */
  map(dst: Reg, fd: number): void {
    this.#wide(dst, PSEUDO_MAP_FD, fd, 0);
  }

  /** `dst` = address of byte `offset` of the only value of an array map. */
  mapValue(dst: Reg, fd: number, offset: number): void {
    this.#wide(dst, PSEUDO_MAP_VALUE, fd, offset);
  }

  /** The program's bytes, jumps resolved. */
  finish(): Buffer {
    for (const { at, label } of this.#jumps) {
      this.#bytes.writeInt16LE(this.#distance(at, label), at * INSN_SIZE + 2);
    }
    for (const { at, label } of this.#calls) {
      this.#bytes.writeInt32LE(this.#distance(at, label), at * INSN_SIZE + 4);
    }
    return this.#bytes.subarray(0, this.#count * INSN_SIZE);
  }

  /** From behind instruction `at` to a label, in instructions. */
  #distance(at: number, label: Label): number {
    const place = this.#places.get(label);
    if (place === undefined) throw new Error(`BPF assembler: label "${label.name}" never placed`);
    return place - at - 1;
  }

  #operation(opcode: number, dst: Reg, operand: Operand, offset: number): void {
    if (typeof operand === "number") this.#emit(opcode, dst.n, 0, offset, int32(operand));
    else this.#emit(opcode | SOURCE_REG, dst.n, operand.n, offset, 0);
  }

  #wide(dst: Reg, pseudo: number, low: number, high: number): void {
    this.#emit(CLASS.LD | SIZE[8], dst.n, pseudo, 0, low);
    this.#emit(0, 0, 0, 0, high);
  }

  #emit(opcode: number, dst: number, src: number, offset: number, immediate: number): void {
    const at = this.#count * INSN_SIZE;
    if (at + INSN_SIZE > this.#bytes.length) {
      this.#bytes = Buffer.concat([this.#bytes, Buffer.alloc(this.#bytes.length)]);
    }
    this.#bytes[at] = opcode;
    this.#bytes[at + 1] = dst | (src << 4);
    this.#bytes.writeInt16LE(offset, at + 2);
    this.#bytes.writeInt32LE(immediate, at + 4);
    this.#count++;
  }
}

/** Constants are sign-extended from 32 bits by the kernel; unsigned ones up to 2^32 are taken as their bit pattern. */
function int32(value: number): number {
  if (!Number.isInteger(value) || value < -0x8000_0000 || value > 0xffff_ffff)
    throw new Error(`BPF assembler: constant ${value} does not fit 32 bits`);
  return value | 0;
}
