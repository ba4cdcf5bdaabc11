import { ARCHITECTURES, X32_BIT } from "../ebpf/architecture.ts";
import { callsOf } from "../ebpf/calls.ts";
import { COMPAT_BASE, SOCKETCALL, SOCKETCALL_BASE } from "../ebpf/dispatcher.ts";

/** AUDIT_ARCH_… of the calls that are looked at. */
export const AUDIT_ARCH = { x86_64: 0xc000_003e, aarch64: 0xc000_00b7, i386: 0x4000_0003 } as const;

/** Classic BPF: load word, jump if equal, jump if greater or equal, jump, return. */
const OP = { load: 0x20, equal: 0x15, atLeast: 0x35, goto: 0x05, return: 0x06 } as const;
const RET_TRACE = 0x7ff0_0000;
const RET_ALLOW = 0x7fff_0000;
/** struct seccomp_data { int nr; u32 arch; … } */
const DATA = { number: 0, arch: 4 } as const;

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, value: number];

/** Where the answer changes: from `from` on the numbers are traced, or not. */
interface Step {
  readonly from: number;
  readonly traced: boolean;
}

function steps(numbers: ReadonlySet<number>): Step[] {
  const edges = [...numbers].flatMap((number) => [number, number + 1]);
  const found: Step[] = [{ from: 0, traced: numbers.has(0) }];
  for (const from of [...new Set(edges)].sort((a, b) => a - b)) {
    const traced = numbers.has(from);
    if (from > 0 && traced !== found.at(-1)!.traced) found.push({ from, traced });
  }
  return found;
}

/** A binary search over the steps: cheap for calls that are not traced. */
function search(found: readonly Step[]): Instruction[] {
  if (found.length === 1) return [[OP.return, 0, 0, found[0]!.traced ? RET_TRACE : RET_ALLOW]];
  const middle = found.length >> 1;
  const below = search(found.slice(0, middle));
  const above = search(found.slice(middle));
  // Conditional jumps reach 255 instructions only.
  return [[OP.atLeast, 0, 1, found[middle]!.from], [OP.goto, 0, 0, below.length], ...below, ...above];
}

/** A filter that stops a thread at these calls (codes of the syscall table) for its tracer and lets all others pass. */
export function seccompFilter(codes: ReadonlySet<number>): Uint8Array {
  const arch = ARCHITECTURES[process.arch]!;
  const native = new Set<number>();
  const compat = new Set<number>();
  for (const { code, index } of callsOf(arch)) {
    if (!codes.has(code)) continue;
    if (index < COMPAT_BASE) native.add(index);
    else if (index < SOCKETCALL_BASE) compat.add(index - COMPAT_BASE);
    else compat.add(SOCKETCALL);
  }
  if (arch.compat) for (const number of [...native]) native.add(number + X32_BIT);
  const load: Instruction = [OP.load, 0, 0, DATA.number];
  const allow: Instruction = [OP.return, 0, 0, RET_ALLOW];
  const others: Instruction[] = arch.compat
    ? [[OP.equal, 1, 0, AUDIT_ARCH.i386], allow, load, ...search(steps(compat))]
    : [allow];
  return encode([
    [OP.load, 0, 0, DATA.arch],
    [OP.equal, 0, 1, AUDIT_ARCH[arch.name]],
    [OP.goto, 0, 0, others.length],
    ...others,
    load,
    ...search(steps(native)),
  ]);
}

/** struct sock_filter { u16 code; u8 ifTrue, ifFalse; u32 value } each. */
function encode(program: readonly Instruction[]): Uint8Array {
  const bytes = Buffer.alloc(program.length * 8);
  program.forEach(([code, ifTrue, ifFalse, value], i) => {
    bytes.writeUInt16LE(code, 8 * i);
    bytes.writeUInt8(ifTrue, 8 * i + 2);
    bytes.writeUInt8(ifFalse, 8 * i + 3);
    bytes.writeUInt32LE(value >>> 0, 8 * i + 4);
  });
  return bytes;
}
