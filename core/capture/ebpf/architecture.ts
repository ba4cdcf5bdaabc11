/** How a machine passes system calls: members of the kernel's `struct pt_regs`. */
export interface Architecture {
  readonly name: "x86_64" | "aarch64";
  /** The call's number. */
  readonly number: string;
  /** Bit of the number that marks calls by another convention with the same numbers (x32). */
  readonly marked?: number;
  /** Its six arguments. */
  readonly args: readonly string[];
  /** How 32-bit programs pass theirs, and how such a call is told: `task.<member> & mask`. */
  readonly compat?: { readonly args: readonly string[]; readonly member: string; readonly mask: number };
  /** Whether a new task comes out of its parent's clone(2) through sys_exit, as a second return of the call; else only its making is seen. */
  readonly childReturns: boolean;
  /** Number of bpf(2). */
  readonly bpf: number;
  readonly pageShift: number;
}

/** Marks x32 calls: numbers of x86_64 otherwise. */
export const X32_BIT = 0x4000_0000;

const X86_64: Architecture = {
  name: "x86_64",
  number: "orig_ax",
  marked: X32_BIT,
  args: ["di", "si", "dx", "r10", "r8", "r9"],
  // TS_COMPAT is set while an int80 or sysenter call runs, whatever the code segment.
  compat: { args: ["bx", "cx", "dx", "si", "di", "bp"], member: "thread_info.status", mask: 2 },
  childReturns: true,
  bpf: 321,
  pageShift: 12,
};

const AARCH64: Architecture = {
  name: "aarch64",
  number: "syscallno",
  // x0 also carries the result: at exit the first argument is left in orig_x0 only.
  args: ["orig_x0", "regs[1]", "regs[2]", "regs[3]", "regs[4]", "regs[5]"],
  childReturns: false,
  bpf: 280,
  pageShift: 12,
};

/** By process.arch; undefined where there is no probe. */
export const ARCHITECTURES: Readonly<Record<string, Architecture | undefined>> = {
  x64: X86_64,
  arm64: AARCH64,
};
