import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { SYSCALLS } from "../../schema/syscalls.ts";
import { ARCHITECTURES, X32_BIT } from "../ebpf/architecture.ts";
import { callsOf } from "../ebpf/calls.ts";
import { COMPAT_BASE, MAX_SYSCALLS, SOCKETCALL, SOCKETCALL_BASE } from "../ebpf/dispatcher.ts";
import { AUDIT_ARCH, seccompFilter } from "./seccomp-filter.ts";

const RET_TRACE = 0x7ff0_0000;
const RET_ALLOW = 0x7fff_0000;
const arch = ARCHITECTURES[process.arch]!;
const native = AUDIT_ARCH[arch.name];

/** What the kernel would make of the filter. */
function evaluate(filter: Uint8Array, number: number, machine: number): number {
  const program = Buffer.from(filter);
  let accumulator = 0;
  for (let at = 0; at < program.length; at += 8) {
    const [ifTrue, ifFalse, value] = [program[at + 2]!, program[at + 3]!, program.readUInt32LE(at + 4)];
    const code = program.readUInt16LE(at);
    if (code === 0x20) accumulator = value === 0 ? number : machine;
    else if (code === 0x15) at += 8 * (accumulator === value ? ifTrue : ifFalse);
    else if (code === 0x35) at += 8 * (accumulator >= value ? ifTrue : ifFalse);
    else if (code === 0x05) at += 8 * value;
    else if (code === 0x06) return value;
    else throw new Error(`unknown instruction ${code}`);
  }
  throw new Error("the filter has no end");
}

/** The numbers at which a call with one of the codes stops, native and 32-bit. */
function expected(codes: ReadonlySet<number>): { native: Set<number>; compat: Set<number> } {
  const found = { native: new Set<number>(), compat: new Set<number>() };
  for (const { code, index } of callsOf(arch)) {
    if (!codes.has(code)) continue;
    if (index < COMPAT_BASE) found.native.add(index);
    else found.compat.add(index < SOCKETCALL_BASE ? index - COMPAT_BASE : SOCKETCALL);
  }
  return found;
}

describe("seccompFilter()", () => {
  test("traces exactly the calls it is asked for, on every machine a program may call as", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: SYSCALLS.length - 1 })), (chosen) => {
        const codes = new Set(chosen);
        const filter = seccompFilter(codes);
        const wanted = expected(codes);
        for (let number = 0; number < MAX_SYSCALLS; number++) {
          expect(evaluate(filter, number, native) === RET_TRACE).toBe(wanted.native.has(number));
          if (!arch.compat) continue;
          expect(evaluate(filter, number, AUDIT_ARCH.i386) === RET_TRACE).toBe(wanted.compat.has(number));
          expect(evaluate(filter, number + X32_BIT, native) === RET_TRACE).toBe(wanted.native.has(number));
        }
        expect(evaluate(filter, 0, 0x1234)).toBe(RET_ALLOW);
      }),
      { numRuns: 25 },
    );
  });

  test("fits the kernel's limit of 4096 instructions with every call there is", () => {
    const all = new Set(SYSCALLS.map((call) => call.code));
    expect(seccompFilter(all).length / 8).toBeLessThan(4096);
    expect(seccompFilter(new Set()).length / 8).toBeGreaterThan(2);
  });
});
