import { type Pointer, toArrayBuffer } from "bun:ffi";
import { check, libc } from "../../ffi/libc.ts";
import { pageSize } from "../../ffi/page-size.ts";

// Plugins call their owner from threads of their own, where no JavaScript can run. So what they call is machine code
// of a few instructions, made here, that puts what is said into a descriptor; the engine reads it from the other end.

/**
 * What the code finds behind `owner`, the first argument of all three:
 *   | log descriptor i32 | event descriptor i32 | dprintf* | send* | last error* | format* |
 */
export const OWNER = { size: 40, logFd: 0, eventFd: 4, dprintf: 8, send: 16, lastError: 24, format: 32 };

/** Each starts on a multiple of this. */
const SLOT = 64;

/*
 * log(owner, component, text, severity)  = dprintf(log descriptor, format, severity, component, text)
 * event(owner, record, error)            = send(event descriptor, record, its length, flags) < 0, error emptied
 * lastError(owner)                       = last error
 *
 * The flags are MSG_NOSIGNAL | MSG_DONTWAIT: a plugin whose events nobody takes is told so, and does not wait.
 */
const X64 = [
  [
    "4989d0", // mov r8, rdx
    "89ca", // mov edx, ecx
    "4889f1", // mov rcx, rsi
    "488b7720", // mov rsi, [rdi+32]
    "4c8b4f08", // mov r9, [rdi+8]
    "8b3f", // mov edi, [rdi]
    "31c0", // xor eax, eax
    "41ffe1", // jmp r9
  ],
  [
    "4885d2", // test rdx, rdx
    "7403", // je +3
    "c60200", // mov byte [rdx], 0
    "8b5610", // mov edx, [rsi+16]
    "b940400000", // mov ecx, flags
    "488b4710", // mov rax, [rdi+16]
    "8b7f04", // mov edi, [rdi+4]
    "4883ec08", // sub rsp, 8
    "ffd0", // call rax
    "4883c408", // add rsp, 8
    "48c1e83f", // shr rax, 63
    "c3", // ret
  ],
  [
    "488b4718", // mov rax, [rdi+24]
    "c3", // ret
  ],
] as const;

/** The same for ARM64, in words of 32 bits. */
const ARM64 = [
  [
    0xaa0203e4, // mov x4, x2
    0x2a0303e2, // mov w2, w3
    0xaa0103e3, // mov x3, x1
    0xf9401001, // ldr x1, [x0, #32]
    0xf9400405, // ldr x5, [x0, #8]
    0xb9400000, // ldr w0, [x0]
    0xd61f00a0, // br x5
  ],
  [
    0xb4000042, // cbz x2, +8
    0x3900005f, // strb wzr, [x2]
    0xa9bf7bfd, // stp x29, x30, [sp, #-16]!
    0xb9401022, // ldr w2, [x1, #16]
    0x52880803, // mov w3, flags
    0xf9400804, // ldr x4, [x0, #16]
    0xb9400400, // ldr w0, [x0, #4]
    0xd63f0080, // blr x4
    0xd37ffc00, // lsr x0, x0, #63
    0xa8c17bfd, // ldp x29, x30, [sp], #16
    0xd65f03c0, // ret
  ],
  [
    0xf9400c00, // ldr x0, [x0, #24]
    0xd65f03c0, // ret
  ],
] as const;

/** The three functions as bytes of an architecture's machine code. */
export function ownerCode(arch: "x64" | "arm64"): readonly Buffer[] {
  if (arch === "x64") return X64.map((instructions) => Buffer.from(instructions.join(""), "hex"));
  return ARM64.map((words) => {
    const bytes = Buffer.alloc(words.length * 4);
    for (const [i, word] of words.entries()) bytes.writeUInt32LE(word, i * 4);
    return bytes;
  });
}

/** Addresses of the three. */
export interface OwnerFunctions {
  readonly log: number;
  readonly event: number;
  readonly lastError: number;
}

const PROT = { read: 1, write: 2, execute: 4 };
const MAP_PRIVATE_ANONYMOUS = 0x22;

let made: OwnerFunctions | undefined;

/** The functions in memory that can be run; made at first use, once for a thread. */
export function ownerFunctions(): OwnerFunctions {
  made ??= makeFunctions();
  return made;
}

function makeFunctions(): OwnerFunctions {
  const size = pageSize();
  const address = check("mmap", libc().mmap(0, size, PROT.read | PROT.write, MAP_PRIVATE_ANONYMOUS, -1, 0));
  const memory = new Uint8Array(toArrayBuffer(address as Pointer, 0, size));
  const code = ownerCode(process.arch === "arm64" ? "arm64" : "x64");
  for (const [i, bytes] of code.entries()) memory.set(bytes, i * SLOT);
  check("mprotect", libc().mprotect(address, size, PROT.read | PROT.execute));
  return { log: address, event: address + SLOT, lastError: address + 2 * SLOT };
}
