import { Code } from "./code.ts";
import type { StubPlan } from "./stub-plan.ts";

const SYS = { fcntl: 25, write: 64, exitGroup: 94, memfdCreate: 279 } as const;
const SP = 31;
const ZERO = 31;
const EQ = 0;
const NE = 1;
const LE = 13;

/** Instruction words (ARM ARM, C6), only those the stub uses. Registers are numbers; x and w share them. */
export const A64 = {
  movz: (d: number, imm: number, lane = 0) => (0xd2800000 | (lane << 21) | (imm << 5) | d) >>> 0,
  movk: (d: number, imm: number, lane: number) => (0xf2800000 | (lane << 21) | (imm << 5) | d) >>> 0,
  mov: (d: number, m: number) => (0xaa0003e0 | (m << 16) | d) >>> 0,
  addImm: (d: number, n: number, imm: number) => (0x91000000 | (imm << 10) | (n << 5) | d) >>> 0,
  subImm: (d: number, n: number, imm: number) => (0xd1000000 | (imm << 10) | (n << 5) | d) >>> 0,
  subsImm: (d: number, n: number, imm: number) => (0xf1000000 | (imm << 10) | (n << 5) | d) >>> 0,
  add: (d: number, n: number, m: number) => (0x8b000000 | (m << 16) | (n << 5) | d) >>> 0,
  /** add xd, sp|xn, xm, uxtx #3 */
  addTimes8: (d: number, n: number, m: number) => (0x8b206c00 | (m << 16) | (n << 5) | d) >>> 0,
  subs: (d: number, n: number, m: number) => (0xeb000000 | (m << 16) | (n << 5) | d) >>> 0,
  cmp: (n: number, m: number) => (0xeb00001f | (m << 16) | (n << 5)) >>> 0,
  cmpImm: (n: number, imm: number) => (0xf100001f | (imm << 10) | (n << 5)) >>> 0,
  udiv: (d: number, n: number, m: number) => (0x9ac00800 | (m << 16) | (n << 5) | d) >>> 0,
  /** xd = xa − xn × xm */
  msub: (d: number, n: number, m: number, a: number) =>
    (0x9b008000 | (m << 16) | (a << 10) | (n << 5) | d) >>> 0,
  /** ldr xt, [xn, #offset] */
  ldr: (t: number, n: number, offset = 0) => (0xf9400000 | ((offset / 8) << 10) | (n << 5) | t) >>> 0,
  /** ldr xt, [xn], #8 */
  ldrNext: (t: number, n: number) => (0xf8408400 | (n << 5) | t) >>> 0,
  strNext: (t: number, n: number) => (0xf8008400 | (n << 5) | t) >>> 0,
  /** ldp xt, xu, [xn], #16 */
  ldpNext: (t: number, u: number, n: number) => (0xa8c10000 | (u << 10) | (n << 5) | t) >>> 0,
  stpNext: (t: number, u: number, n: number) => (0xa8810000 | (u << 10) | (n << 5) | t) >>> 0,
  /** ldrb wt, [xn], #1 */
  ldrbNext: (t: number, n: number) => (0x38401400 | (n << 5) | t) >>> 0,
  strbNext: (t: number, n: number) => (0x38001400 | (n << 5) | t) >>> 0,
  /** strb wt, [xn, #-1]! */
  strbBefore: (t: number, n: number) => (0x381ffc00 | (n << 5) | t) >>> 0,
  strb: (t: number, n: number) => (0x39000000 | (n << 5) | t) >>> 0,
  b: () => 0x14000000,
  bCond: (condition: number) => (0x54000000 | condition) >>> 0,
  cbz: (t: number) => (0xb4000000 | t) >>> 0,
  cbnz: (t: number) => (0xb5000000 | t) >>> 0,
  /** tbnz xt, #31: is the 32-bit value negative? */
  ifNegative: (t: number) => (0x37f80000 | t) >>> 0,
  br: (n: number) => (0xd61f0000 | (n << 5)) >>> 0,
  svc: () => 0xd4000001,
} as const;

/** The start stub for ARM64. See stub-plan.ts for what it does; x0 (the loader's exit hook) is left as it was. */
export function stubArm64(plan: StubPlan): Buffer {
  const code = new Code();
  if (plan.inside) addVariables(code, plan.inside.settings);
  else findEnvironment(code);
  cleanEnvironment(code, plan.variables);
  if (plan.inside) {
    shiftAuxiliary(code, plan.inside.auxiliary);
    openLibraries(code, plan.inside.libraries);
    code.label("go").u32(A64.movz(0, 0));
  } else padEnvironment(code);
  loadImmediate(code, 16, plan.next);
  code.u32(A64.br(16));
  if (plan.inside) fail(code, plan.inside.message);
  return code.link();
}

/** Four words whatever the value, so that the length of the code does not depend on addresses. */
function loadImmediate(code: Code, register: number, value: number): void {
  const wide = BigInt(value);
  const lane = (i: number): number => Number((wide >> BigInt(16 * i)) & 0xffffn);
  code.u32(A64.movz(register, lane(0)));
  for (const i of [1, 2, 3]) code.u32(A64.movk(register, lane(i), i));
}

/** A branch: its distance, in words, goes into `bits` bits from bit `shift` on. */
function branch(code: Code, word: number, label: string, shift = 5, bits = 19): void {
  code.u32(word).refers(label, 4, (bytes, at, distance) => {
    const field = (distance / 4) & (2 ** bits - 1);
    bytes.writeUInt32LE((bytes.readUInt32LE(at) | (field << shift)) >>> 0, at);
  });
}
const jump = (code: Code, label: string): void => branch(code, A64.b(), label, 0, 26);

/** Lets x2, which reads, and x3, which writes, begin where the environment does. */
function findEnvironment(code: Code): void {
  code
    .u32(A64.ldr(1, SP))
    .u32(A64.addTimes8(2, SP, 1))
    .u32(A64.addImm(2, 2, 16))
    .u32(A64.mov(3, 2));
}

/** The same, with what lies before the environment (argc, arguments, a zero) moved down, so that there is room for two variables more. */
function addVariables(code: Code, variables: readonly [number, number]): void {
  code
    .u32(A64.addImm(2, SP, 0))
    .u32(A64.subImm(SP, SP, 16))
    .u32(A64.addImm(3, SP, 0))
    .u32(A64.ldr(4, 2))
    .u32(A64.addImm(4, 4, 2));
  code
    .label("argument")
    .u32(A64.ldrNext(5, 2))
    .u32(A64.strNext(5, 3))
    .u32(A64.subsImm(4, 4, 1));
  branch(code, A64.bCond(NE), "argument");
  for (const variable of variables) {
    loadImmediate(code, 5, variable);
    code.u32(A64.strNext(5, 3));
  }
}

/** Copies the pointers of the variables that may stay, from x2 on, to where x3 points. */
function cleanEnvironment(code: Code, variables: number): void {
  code.label("variable").u32(A64.ldrNext(4, 2));
  branch(code, A64.cbz(4), "end of environment");
  loadImmediate(code, 5, variables);
  code.label("prefix").u32(A64.ldrbNext(6, 5));
  branch(code, A64.cbz(6), "keep");
  code.u32(A64.mov(7, 4)).u32(A64.add(8, 5, 6));
  code.label("compare").u32(A64.ldrbNext(9, 5)).u32(A64.ldrbNext(10, 7)).u32(A64.cmp(9, 10));
  branch(code, A64.bCond(NE), "differs");
  code.u32(A64.cmp(5, 8));
  branch(code, A64.bCond(NE), "compare");
  jump(code, "variable"); // starts with the prefix: not copied
  code.label("differs").u32(A64.mov(5, 8));
  jump(code, "prefix");
  code.label("keep").u32(A64.strNext(4, 3));
  jump(code, "variable");
  code.label("end of environment");
}

/** The loader has noted where the auxiliary vector lies, so it stays: what was freed becomes zeros. */
function padEnvironment(code: Code): void {
  code.label("pad").u32(A64.cmp(3, 2));
  branch(code, A64.bCond(EQ), "go");
  code.u32(A64.strNext(ZERO, 3));
  jump(code, "pad");
  code.label("go");
}

/** The loader, still to run, looks for the auxiliary vector right behind the environment: move it there. */
function shiftAuxiliary(code: Code, entries: readonly (readonly [number, number])[]): void {
  code.u32(A64.strNext(ZERO, 3));
  code.label("auxiliary").u32(A64.ldpNext(4, 5, 2));
  for (const [type, value] of entries) {
    code.u32(A64.cmpImm(4, type));
    branch(code, A64.bCond(NE), `not ${type}`);
    loadImmediate(code, 5, value);
    code.label(`not ${type}`);
  }
  code.u32(A64.stpNext(4, 5, 3));
  branch(code, A64.cbnz(4), "auxiliary");
}

/** Puts each library into a sealed memory file and completes its path with the descriptor's number. */
function openLibraries(code: Code, libraries: number): void {
  const syscall = (number: number): Code => code.u32(A64.movz(8, number)).u32(A64.svc());
  loadImmediate(code, 19, libraries);
  code.label("library").u32(A64.ldr(0, 19));
  branch(code, A64.cbz(0), "go");
  code.u32(A64.movz(1, 3)); // MFD_CLOEXEC | MFD_ALLOW_SEALING
  syscall(SYS.memfdCreate);
  branch(code, A64.ifNegative(0), "fail", 5, 14);
  code
    .u32(A64.mov(20, 0))
    .u32(A64.ldr(21, 19, 8))
    .u32(A64.ldr(22, 19, 16));
  code.label("write").u32(A64.mov(0, 20)).u32(A64.mov(1, 21)).u32(A64.mov(2, 22));
  syscall(SYS.write).u32(A64.cmpImm(0, 0));
  branch(code, A64.bCond(LE), "fail");
  code.u32(A64.add(21, 21, 0)).u32(A64.subs(22, 22, 0));
  branch(code, A64.bCond(NE), "write");
  code.u32(A64.mov(0, 20)).u32(A64.movz(1, 1033)).u32(A64.movz(2, 15)); // F_ADD_SEALS, all four
  syscall(SYS.fcntl);
  code.u32(A64.ldr(23, 19, 24));
  // Digits come out last first: the last of at most ten goes to +10, and the string is moved to the front.
  code
    .u32(A64.addImm(25, 23, 11))
    .u32(A64.mov(26, 25))
    .u32(A64.movz(1, 10));
  code
    .label("digit")
    .u32(A64.udiv(2, 20, 1))
    .u32(A64.msub(3, 2, 1, 20))
    .u32(A64.addImm(3, 3, 48));
  code.u32(A64.strbBefore(3, 25)).u32(A64.mov(20, 2));
  branch(code, A64.cbnz(20), "digit");
  code.label("move").u32(A64.ldrbNext(3, 25)).u32(A64.strbNext(3, 23)).u32(A64.cmp(25, 26));
  branch(code, A64.bCond(NE), "move");
  code.u32(A64.strb(ZERO, 23)).u32(A64.addImm(19, 19, 32));
  jump(code, "library");
}

function fail(code: Code, [address, length]: readonly [number, number]): void {
  code.label("fail").u32(A64.movz(0, 2));
  loadImmediate(code, 1, address);
  code.u32(A64.movz(2, length)).u32(A64.movz(8, SYS.write)).u32(A64.svc());
  code.u32(A64.movz(0, 127)).u32(A64.movz(8, SYS.exitGroup)).u32(A64.svc());
}
