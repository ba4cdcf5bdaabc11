import { expect, test } from "bun:test";
import { Assembler, R0, R1, R2, R10 } from "./assembler.ts";

const cases: readonly (readonly [name: string, write: (asm: Assembler) => void, hex: string])[] = [
  ["mov register", (a) => a.mov(R1, R2), "bf21000000000000"],
  ["mov constant", (a) => a.mov(R0, -1), "b7000000ffffffff"],
  ["add 64", (a) => a.alu("add", R1, 8), "0701000008000000"],
  ["and 32", (a) => a.alu32("and", R1, R2), "5c21000000000000"],
  ["arithmetic shift", (a) => a.alu("sar", R0, 32), "c700000020000000"],
  ["network order", (a) => a.swap(R1, 16), "dc01000010000000"],
  ["load 8", (a) => a.load(8, R0, R1, 16), "7910100000000000"],
  ["load 1", (a) => a.load(1, R0, R1, -1), "7110ffff00000000"],
  ["store register", (a) => a.store(4, R10, -4, R1), "631afcff00000000"],
  ["store constant", (a) => a.store(2, R1, 20, 307), "6a01140033010000"],
  ["atomic add", (a) => a.atomicAdd(8, R1, 8, R2), "db21080000000000"],
  ["helper call", (a) => a.call(14), "850000000e000000"],
  ["kernel function call", (a) => a.callKernel(0x1234), "8520000034120000"],
  ["wide constant", (a) => a.wide(R1, 0x1122_3344_5566_7788n), "18010000887766550000000044332211"],
  ["map", (a) => a.map(R1, 5), "18110000050000000000000000000000"],
  ["map value", (a) => a.mapValue(R2, 5, 24), "18220000050000000000000018000000"],
  ["exit", (a) => a.exit(), "9500000000000000"],
];

for (const [name, write, hex] of cases) {
  test(`Assembler encodes: ${name}`, () => {
    const asm = new Assembler();
    write(asm);
    expect(asm.finish().toString("hex")).toBe(hex);
  });
}

test("Assembler.jump counts from the next instruction, forward and back", () => {
  const asm = new Assembler();
  const back = asm.label("back");
  const forward = asm.label("forward");
  asm.place(back);
  asm.jump("eq", R1, 0, forward);
  asm.wide(R1, 0n);
  asm.jump32("slt", R1, R2, back);
  asm.place(forward);
  asm.exit();
  const code = asm.finish();
  expect(code.readInt16LE(2)).toBe(3);
  expect(code.readInt16LE(3 * 8 + 2)).toBe(-4);
  expect(code[3 * 8]).toBe(0xce);
});

test("Assembler.callOwn counts from the next instruction", () => {
  const asm = new Assembler();
  const own = asm.label("own");
  asm.callOwn(own);
  asm.exit();
  asm.place(own);
  asm.exit();
  expect(asm.finish().subarray(0, 8).toString("hex")).toBe("8510000001000000");
});

test("Assembler refuses labels without or with two places, and constants beyond 32 bits", () => {
  const asm = new Assembler();
  const label = asm.label("nowhere");
  asm.goto(label);
  expect(() => asm.finish()).toThrow('label "nowhere" never placed');
  asm.place(label);
  expect(() => asm.place(label)).toThrow("placed twice");
  expect(() => asm.mov(R0, 2 ** 33)).toThrow("does not fit 32 bits");
});
