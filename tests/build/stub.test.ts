import { describe, expect, test } from "bun:test";
import { Code } from "./code.ts";
import { stub } from "./stub.ts";
import { A64 } from "./stub-arm64.ts";
import { DROPPED_VARIABLES, encodeVariables, type StubPlan } from "./stub-plan.ts";

const plan: StubPlan = { variables: 0x1122_3344_5566, next: 0x7788_99aa };
const full: StubPlan = {
  ...plan,
  inside: { settings: [0x4000, 0x5000], auxiliary: [[3, 0x1000]], libraries: 0x2000, message: [0x3000, 90] },
};

describe("A64", () => {
  // The words are GNU as 2.40's for the text beside them.
  const cases: readonly (readonly [string, number, number])[] = [
    ["movz x16, #0x99aa", A64.movz(16, 0x99aa), 0xd2933550],
    ["movk x16, #0x7788, lsl #16", A64.movk(16, 0x7788, 1), 0xf2aef110],
    ["mov x3, x2", A64.mov(3, 2), 0xaa0203e3],
    ["add x2, x2, #16", A64.addImm(2, 2, 16), 0x91004042],
    ["add x3, sp, #0", A64.addImm(3, 31, 0), 0x910003e3],
    ["sub sp, sp, #16", A64.subImm(31, 31, 16), 0xd10043ff],
    ["subs x4, x4, #1", A64.subsImm(4, 4, 1), 0xf1000484],
    ["add x8, x5, x6", A64.add(8, 5, 6), 0x8b0600a8],
    ["add x2, sp, x1, uxtx #3", A64.addTimes8(2, 31, 1), 0x8b216fe2],
    ["subs x22, x22, x0", A64.subs(22, 22, 0), 0xeb0002d6],
    ["cmp x9, x10", A64.cmp(9, 10), 0xeb0a013f],
    ["cmp x4, #9", A64.cmpImm(4, 9), 0xf100249f],
    ["udiv x2, x20, x1", A64.udiv(2, 20, 1), 0x9ac10a82],
    ["msub x3, x2, x1, x20", A64.msub(3, 2, 1, 20), 0x9b01d043],
    ["ldr x1, [sp]", A64.ldr(1, 31), 0xf94003e1],
    ["ldr x23, [x19, #24]", A64.ldr(23, 19, 24), 0xf9400e77],
    ["ldr x4, [x2], #8", A64.ldrNext(4, 2), 0xf8408444],
    ["str xzr, [x3], #8", A64.strNext(31, 3), 0xf800847f],
    ["ldp x4, x5, [x2], #16", A64.ldpNext(4, 5, 2), 0xa8c11444],
    ["stp x4, x5, [x3], #16", A64.stpNext(4, 5, 3), 0xa8811464],
    ["ldrb w6, [x5], #1", A64.ldrbNext(6, 5), 0x384014a6],
    ["strb w3, [x23], #1", A64.strbNext(3, 23), 0x380016e3],
    ["strb w3, [x25, #-1]!", A64.strbBefore(3, 25), 0x381fff23],
    ["strb wzr, [x23]", A64.strb(31, 23), 0x390002ff],
    ["br x16", A64.br(16), 0xd61f0200],
    ["svc #0", A64.svc(), 0xd4000001],
  ];
  test.each(cases)("%s", (_, word, expected) => expect(word.toString(16)).toBe(expected.toString(16)));
});

describe("Code", () => {
  test("u64() writes little-endian and link() resolves labels before and behind", () => {
    const code = new Code().label("start").u64(0x0102030405).bytes(0);
    code.refers("start", 1, (bytes, at, distance) => bytes.writeInt8(distance, at));
    code.bytes(0).refers("end", 1, (bytes, at, distance) => bytes.writeInt8(distance, at));
    expect([...code.label("end").link()]).toEqual([5, 4, 3, 2, 1, 0, 0, 0, -8 & 255, 1]);
  });

  test("link() refuses a jump to nowhere", () => {
    expect(() =>
      new Code()
        .bytes(0)
        .refers("x", 1, () => {})
        .link(),
    ).toThrow("no label x");
  });
});

describe("stub()", () => {
  for (const arch of ["x64", "arm64"] as const) {
    test(`${arch}: its length does not depend on addresses, which the layout relies on`, () => {
      const zero: StubPlan = {
        variables: 0,
        next: 0,
        inside: { settings: [0, 0], auxiliary: [[3, 0]], libraries: 0, message: [0, 0] },
      };
      expect(stub[arch](full).length).toBe(stub[arch](zero).length);
    });

    test(`${arch}: without libraries it makes no system call`, () => {
      const call = arch === "x64" ? Buffer.from([0x0f, 0x05]) : Buffer.from([0x01, 0, 0, 0xd4]);
      expect(stub[arch](plan).includes(call)).toBe(false);
      expect(stub[arch](full).includes(call)).toBe(true);
    });
  }

  test("arm64: every branch stays inside the code", () => {
    const bytes = stub.arm64(full);
    const targets = Array.from(
      { length: bytes.length / 4 },
      (_, i) => i * 4 + branchDistance(bytes.readUInt32LE(i * 4)),
    );
    expect(targets.filter((target) => target < 0 || target >= bytes.length)).toEqual([]);
    expect(targets.filter((target, i) => target !== i * 4).length).toBeGreaterThan(10);
  });

  test("encodeVariables() gives length and characters of each, and a zero", () => {
    expect([...encodeVariables(["AB", "C="])]).toEqual([2, 65, 66, 2, 67, 61, 0]);
    expect(DROPPED_VARIABLES).toContain("BUN_");
  });
});

/** Bytes that an ARM64 word jumps by, 0 for one that does not. */
function branchDistance(word: number): number {
  if (word >>> 26 === 0b000101) return ((word << 6) >> 6) * 4; // b
  const conditional = word >>> 24 === 0x54 || (word & 0x7e000000) === 0x34000000; // b.cond, cbz, cbnz
  return conditional ? ((word << 8) >> 13) * 4 : 0;
}
