import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { BtfBuilder } from "../../../tests/harness/btf-builder.ts";
import { EVENT } from "../../schema/event-codes.ts";
import { SYSCALLS } from "../../schema/syscalls.ts";
import { ARCHITECTURES } from "./architecture.ts";
import { Btf, type MemberPath } from "./btf.ts";
import { callsOf } from "./calls.ts";
import { addressesProgram, namesProgram, stringsProgram } from "./copy-hooks.ts";
import { dispatcherProgram } from "./dispatcher.ts";
import { FD_LESSONS } from "./fd-lessons.ts";
import { syscallFillers } from "./fillers/all.ts";
import { TRACEPOINT_FILLERS } from "./fillers/tracepoints.ts";
import { WANTED } from "./interest.ts";
import type { KernelCopies } from "./kernel-copies.ts";
import { type EventId, eventProgram, takesCopies } from "./program.ts";
import { BTF_PATH } from "./requirements.ts";
import { SCRATCH } from "./scratch.ts";
import type { Target } from "./target.ts";

const ARM64 = ARCHITECTURES.arm64!;
const X86_64 = ARCHITECTURES.x64!;

/** struct pt_regs of arm64: x0 … x30, sp, pc, pstate, orig_x0, syscallno. */
function arm64Registers(): Btf {
  const b = new BtfBuilder();
  const u64 = b.int("u64", 8);
  const s32 = b.int("int", 4);
  b.struct("pt_regs", 336, [
    ["regs", b.array(u64, 31), 0],
    ["sp", u64, 248],
    ["pc", u64, 256],
    ["pstate", u64, 264],
    ["orig_x0", u64, 272],
    ["syscallno", s32, 280],
  ]);
  return new Btf(b.bytes());
}

function targetFor(btf: Btf, arch = ARM64): Target {
  return {
    btf,
    arch,
    cast: 77,
    bootTime: 0n,
    self: 4242,
    cpus: 4,
    dropFailed: false,
    snapLength: 80,
    maps: {
      scratch: 10,
      nestedScratch: 11,
      ring: 12,
      counters: 13,
      interest: 14,
      programs: 15,
      facts: 16,
      groups: 17,
      descriptors: 18,
      blank: 19,
    },
  };
}

/** Address of the kernel's cache of names. */
const NAMES_CACHE = 0xffff_8881_0004_2a00n;
const COPIES: KernelCopies = { own: 16, more: 17, paths: true, strings: true, addresses: true };

interface Instruction {
  readonly opcode: number;
  readonly dst: number;
  readonly src: number;
  readonly offset: number;
  readonly immediate: number;
}

function decode(code: Buffer): Instruction[] {
  return Array.from({ length: code.length / 8 }, (_, i) => ({
    opcode: code[8 * i]!,
    dst: code[8 * i + 1]! & 15,
    src: code[8 * i + 1]! >> 4,
    offset: code.readInt16LE(8 * i + 2),
    immediate: code.readInt32LE(8 * i + 4),
  }));
}

function expectJumpsInside(code: readonly Instruction[]): void {
  code.forEach(({ opcode, offset }, i) => {
    const isJump = (opcode & 7) === 5 || (opcode & 7) === 6;
    if (!isJump || opcode === 0x85 || opcode === 0x95) return;
    expect(i + 1 + offset).toBeGreaterThanOrEqual(0);
    expect(i + 1 + offset).toBeLessThan(code.length);
  });
}

const LOAD_8 = 0x79;
const LOAD_4 = 0x61;
const STORE_8 = 0x7b;

describe("dispatcherProgram for arm64", () => {
  const code = decode(dispatcherProgram(targetFor(arm64Registers())));

  test("takes the number from syscallno, and the first argument from orig_x0: x0 holds the result by then", () => {
    expect(code.some(({ opcode, offset }) => opcode === LOAD_4 && offset === 280)).toBe(true);
    const stores = code.filter(
      ({ opcode, offset }) => opcode === STORE_8 && offset >= SCRATCH.args && offset < SCRATCH.result,
    );
    expect(stores.map(({ offset }) => offset)).toEqual([0, 8, 16, 24, 32, 40]);
    const loads = stores.map((store) => code[code.indexOf(store) - 1]!);
    expect(loads.map(({ opcode, offset }) => [opcode, offset])).toEqual(
      [272, 8, 16, 24, 32, 40].map((offset) => [LOAD_8, offset]),
    );
  });

  test("every jump lands inside the program", () => {
    expectJumpsInside(code);
    expectJumpsInside(decode(dispatcherProgram({ ...targetFor(arm64Registers()), copies: COPIES })));
  });

  test("knows no 32-bit calls there", () => {
    expect(callsOf(ARM64).every(({ index }) => index < 512)).toBe(true);
    expect(callsOf(X86_64).some(({ index }) => index >= 512)).toBe(true);
  });
});

const X86_64_ORIG_AX = 120;

/** What hooks and tracepoints need of struct pt_regs of x86_64. */
function x86Registers(): Btf {
  const b = new BtfBuilder();
  const u64 = b.int("unsigned long", 8);
  b.struct("pt_regs", 168, [
    ["orig_ax", u64, X86_64_ORIG_AX],
    ["ip", u64, 128],
  ]);
  return new Btf(b.bytes());
}

/** This kernel's types with the registers of an architecture. */
class CrossBtf extends Btf {
  readonly #registers: Btf;

  constructor(bytes: Buffer, arch: Target["arch"]) {
    super(bytes);
    this.#registers = arch === ARM64 ? arm64Registers() : x86Registers();
  }

  override path(base: string, ...paths: readonly string[]): MemberPath {
    return base === "pt_regs" ? this.#registers.path(base, ...paths) : super.path(base, ...paths);
  }
}

const hasBtf = existsSync(BTF_PATH);
if (!hasBtf) console.log("skipped: fillers for both architectures, the kernel has no BTF");

describe.skipIf(!hasBtf)("fillers", () => {
  for (const arch of [X86_64, ARM64]) {
    const btf = hasBtf ? new CrossBtf(readFileSync(BTF_PATH), arch) : undefined;

    test(`every call of ${arch.name} has a program for its event`, () => {
      const fillers = syscallFillers(arch);
      const events = new Set(callsOf(arch).map(({ exit }) => exit));
      expect([...events].filter((id) => !(id in fillers))).toEqual([]);
      for (const id of events) {
        const code = decode(eventProgram(targetFor(btf!, arch), id as EventId, fillers[id]!));
        expect(code.at(-1)).toMatchObject({ opcode: 0x95 });
      }
    });

    test(`calls of ${arch.name} that make descriptors have programs that follow their kinds`, () => {
      const fillers = syscallFillers(arch);
      const target = targetFor(btf!, arch);
      for (const id of Object.keys(FD_LESSONS) as EventId[]) {
        const plain = decode(eventProgram(target, id, fillers[id]!));
        const following = decode(eventProgram(target, id, fillers[id]!, { follows: true }));
        expectJumpsInside(following);
        const maps = (code: readonly Instruction[]): number =>
          code.filter(({ src, immediate }) => src === 1 && immediate === target.maps.descriptors).length;
        expect({ id, plain: maps(plain), follows: maps(following) > 2 }).toEqual({
          id,
          plain: 0,
          follows: true,
        });
      }
    });

    test(`hooks of ${arch.name} keep only what calls copy that are traced as such`, () => {
      const target = targetFor(btf!, arch);
      const maps = { own: COPIES.own, more: COPIES.more };
      for (const program of [
        namesProgram(target, maps, NAMES_CACHE),
        stringsProgram(target, maps),
        addressesProgram(target, maps),
      ]) {
        const code = decode(program);
        expectJumpsInside(code);
        const mask = WANTED.copies | WANTED.compatCopies;
        expect(code.some(({ opcode, immediate }) => opcode === 0x57 && immediate === mask)).toBe(true);
        // The call's number lies where this architecture has it.
        const [load, at] = arch === ARM64 ? [LOAD_4, 280] : [LOAD_8, X86_64_ORIG_AX];
        expect(code.some(({ opcode, offset }) => opcode === load && offset === at)).toBe(true);
      }
    });

    test(`events of ${arch.name} take copies of names and addresses, and the others none`, () => {
      const fillers = syscallFillers(arch);
      const target = { ...targetFor(btf!, arch), copies: COPIES };
      const taking = (id: EventId): boolean => takesCopies(target, fillers[id]!);
      expect(
        ["SYSCALL_OPENAT_2_X", "SYSCALL_EXECVE_19_X", "SOCKET_SENDMMSG_X"].map((id) => taking(id as EventId)),
      ).toEqual([true, true, true]);
      expect(
        ["SYSCALL_CLOSE_X", "SOCKET_RECVFROM_X", "SYSCALL_GETCWD_X"].map((id) => taking(id as EventId)),
      ).toEqual([false, false, false]);
      expect(takesCopies(targetFor(btf!, arch), fillers.SYSCALL_OPENAT_2_X!)).toBe(false);
      for (const [id, filler] of Object.entries(fillers))
        expectJumpsInside(decode(eventProgram(target, id as EventId, filler)));
    });

    test(`tracepoints of ${arch.name} have programs`, () => {
      for (const { event, filler } of TRACEPOINT_FILLERS) {
        expect(eventProgram(targetFor(btf!, arch), event, filler).length).toBeGreaterThan(0);
      }
    });
  }

  test("every exit event of the syscall table has a filler", () => {
    const fillers = syscallFillers(X86_64);
    const missing = SYSCALLS.filter(({ exit }) => exit !== "" && exit in EVENT && !(exit in fillers));
    expect(missing.map(({ name }) => name)).toEqual([]);
  });
});
