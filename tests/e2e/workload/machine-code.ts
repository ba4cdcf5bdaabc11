import { CFunction, type Pointer, toArrayBuffer } from "bun:ffi";
import { errno } from "../../../core/ffi/libc.ts";
import { call, numberOf } from "./calls.ts";

const PAGE = 4096;
const READ_WRITE_EXECUTE = 7;
const PRIVATE_ANONYMOUS = 0x22;
const LOW_ADDRESSES = 0x40;

/** Makes x86-64 code callable, at an address that 32-bit calls can name. */
function callable(code: readonly number[], args: readonly ("i32" | "ptr")[]): (...args: number[]) => number {
  const at = call("mmap", 0, PAGE, READ_WRITE_EXECUTE, PRIVATE_ANONYMOUS | LOW_ADDRESSES, -1, 0);
  if (at < 0) throw new Error(`mmap: errno ${errno()}`);
  new Uint8Array(toArrayBuffer(at as Pointer, 0, PAGE)).set(code);
  return CFunction({ ptr: at as Pointer, args: [...args], returns: "i32" }) as unknown as (
    ...args: number[]
  ) => number;
}

const CLONE_ARGS_SIZE = 88;

/** clone3 with the arguments at an address, whose child exits at once without need of a stack; the child's id. */
export function clone3(args: number): number {
  // mov eax, number; syscall; test eax, eax; jnz +9; mov eax, 60 (exit); xor edi, edi; syscall; ret
  const code = [
    0xb8, 0xb3, 0x01, 0, 0, 0x0f, 0x05, 0x85, 0xc0, 0x75, 9, 0xb8, 60, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05, 0xc3,
  ];
  return callable(code, ["ptr", "i32"])(args, CLONE_ARGS_SIZE);
}

/** fork and vfork, whose child exits before it returns to a stack that it shares with the parent, or copies. */
export function forks(): { readonly name: string; readonly child: number }[] {
  if (process.arch !== "x64") return [];
  return ["fork", "vfork"].map((name) => {
    // mov eax, number; syscall; test eax, eax; jnz +9; mov eax, 60 (exit); xor edi, edi; syscall; ret
    const code = [
      0xb8,
      numberOf(name),
      0,
      0,
      0,
      0x0f,
      0x05,
      0x85,
      0xc0,
      0x75,
      9,
      0xb8,
      60,
      0,
      0,
      0,
      0x31,
      0xff,
      0x0f,
      0x05,
      0xc3,
    ];
    return { name, child: callable(code, [])() };
  });
}

/** A call as 32-bit programs make it, by interrupt 0x80; undefined where the kernel doesn't take those. */
export function compatCaller(): ((...args: number[]) => number) | undefined {
  if (process.arch !== "x64") return undefined;
  // push rbx; mov eax, edi; mov ebx, esi; xchg ecx, edx; mov esi, r8d; mov edi, r9d; int 0x80; pop rbx; ret
  const code = [
    0x53, 0x89, 0xf8, 0x89, 0xf3, 0x87, 0xd1, 0x44, 0x89, 0xc6, 0x44, 0x89, 0xcf, 0xcd, 0x80, 0x5b, 0xc3,
  ];
  const compat = callable(code, ["i32", "i32", "i32", "i32", "i32", "i32"]);
  const GETPID = 20;
  return compat(GETPID, 0, 0, 0, 0, 0) === process.pid ? compat : undefined;
}
