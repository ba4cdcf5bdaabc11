import { Code } from "./code.ts";
import type { StubPlan } from "./stub-plan.ts";

const SYS = { write: 1, fcntl: 72, exitGroup: 231, memfdCreate: 319 } as const;
const JE = 0x84;
const JNE = 0x85;
const JS = 0x88;
const JLE = 0x8e;

/** The start stub for x86-64. See stub-plan.ts for what it does; rdx (the loader's exit hook) is left as it was. */
export function stubX64(plan: StubPlan): Buffer {
  const code = new Code();
  if (plan.inside) addVariables(code, plan.inside.settings);
  else findEnvironment(code);
  cleanEnvironment(code, plan.variables);
  if (plan.inside) {
    shiftAuxiliary(code, plan.inside.auxiliary);
    openLibraries(code, plan.inside.libraries);
    code.label("go").bytes(0x48, 0x89, 0xec); //               mov rsp, rbp
    code.bytes(0x31, 0xd2, 0x31, 0xed); //                     xor edx, edx; xor ebp, ebp
  } else padEnvironment(code);
  loadImmediate(code, 0, plan.next); //                        mov rax, next
  code.bytes(0xff, 0xe0); //                                   jmp rax
  if (plan.inside) fail(code, plan.inside.message);
  return code.link();
}

/** jcc or jmp with a 32-bit distance, counted from the next instruction. */
function jump(code: Code, condition: number | undefined, label: string): void {
  if (condition === undefined) code.bytes(0xe9);
  else code.bytes(0x0f, condition);
  code.u32(0).refers(label, 4, (bytes, at, distance) => bytes.writeInt32LE(distance - 4, at));
}

/** mov r64, imm64; registers 0–7 are rax…rdi, 8–15 r8…r15. */
function loadImmediate(code: Code, register: number, value: number): void {
  code.bytes(register < 8 ? 0x48 : 0x49, 0xb8 + (register & 7)).u64(value);
}

/** Lets rbx, which reads, and r8, which writes, begin where the environment does; rbp keeps the stack's top. */
function findEnvironment(code: Code): void {
  code.bytes(0x48, 0x89, 0xe5); //                             mov rbp, rsp
  code.bytes(0x48, 0x8b, 0x45, 0x00); //                       mov rax, [rbp]          argc
  code.bytes(0x48, 0x8d, 0x5c, 0xc5, 0x10); //                 lea rbx, [rbp+rax*8+16] envp
  code.bytes(0x49, 0x89, 0xd8); //                             mov r8, rbx
}

/** The same, with what lies before the environment moved down, so that there is room for two variables more. */
function addVariables(code: Code, variables: readonly [number, number]): void {
  code.bytes(0x48, 0x89, 0xe6); //                             mov rsi, rsp
  code.bytes(0x48, 0x83, 0xec, 0x10); //                       sub rsp, 16             stays aligned
  code.bytes(0x48, 0x89, 0xe5); //                             mov rbp, rsp
  code.bytes(0x48, 0x8b, 0x0e); //                             mov rcx, [rsi]          argc
  code.bytes(0x48, 0x83, 0xc1, 0x02); //                       add rcx, 2              itself, and a zero
  code.bytes(0x48, 0x89, 0xe7); //                             mov rdi, rsp
  code.bytes(0xf3, 0x48, 0xa5); //                             rep movsq
  code.bytes(0x48, 0x89, 0xf3, 0x49, 0x89, 0xf8); //           mov rbx, rsi; mov r8, rdi
  for (const variable of variables) {
    loadImmediate(code, 0, variable); //                       mov rax, variable
    code.bytes(0x49, 0x89, 0x00); //                           mov [r8], rax
    code.bytes(0x49, 0x83, 0xc0, 0x08); //                     add r8, 8
  }
}

/** Copies the pointers of the variables that may stay, from rbx on, to where r8 points. */
function cleanEnvironment(code: Code, variables: number): void {
  code.label("variable").bytes(0x48, 0x8b, 0x03); //           mov rax, [rbx]
  code.bytes(0x48, 0x83, 0xc3, 0x08); //                       add rbx, 8
  code.bytes(0x48, 0x85, 0xc0); //                             test rax, rax
  jump(code, JE, "end of environment");
  loadImmediate(code, 12, variables); //                       mov r12, prefixes
  code.label("prefix").bytes(0x41, 0x0f, 0xb6, 0x0c, 0x24); // movzx ecx, byte [r12]   length
  code.bytes(0x49, 0x8d, 0x7c, 0x24, 0x01); //                 lea rdi, [r12+1]
  code.bytes(0x85, 0xc9); //                                   test ecx, ecx
  jump(code, JE, "keep");
  code.bytes(0x4c, 0x8d, 0x24, 0x0f); //                       lea r12, [rdi+rcx]      next prefix
  code.bytes(0x48, 0x89, 0xc6); //                             mov rsi, rax
  code.bytes(0xf3, 0xa6); //                                   repe cmpsb
  jump(code, JE, "variable"); //                               starts with it: not copied
  jump(code, undefined, "prefix");
  code.label("keep").bytes(0x49, 0x89, 0x00); //               mov [r8], rax
  code.bytes(0x49, 0x83, 0xc0, 0x08); //                       add r8, 8
  jump(code, undefined, "variable");
  code.label("end of environment");
}

/** The loader has noted where the auxiliary vector lies, so it stays: what was freed becomes zeros. */
function padEnvironment(code: Code): void {
  code.label("pad").bytes(0x49, 0x39, 0xd8); //                cmp r8, rbx
  jump(code, JE, "go");
  code.bytes(0x49, 0xc7, 0x00).u32(0); //                      mov qword [r8], 0
  code.bytes(0x49, 0x83, 0xc0, 0x08); //                       add r8, 8
  jump(code, undefined, "pad");
  code.label("go").bytes(0x31, 0xed); //                       xor ebp, ebp
}

/** The loader, still to run, looks for the auxiliary vector right behind the environment: move it there. */
function shiftAuxiliary(code: Code, entries: readonly (readonly [number, number])[]): void {
  code.bytes(0x49, 0xc7, 0x00).u32(0); //                      mov qword [r8], 0
  code.bytes(0x49, 0x83, 0xc0, 0x08); //                       add r8, 8
  code.label("auxiliary").bytes(0x48, 0x8b, 0x03); //          mov rax, [rbx]          type
  code.bytes(0x48, 0x8b, 0x4b, 0x08); //                       mov rcx, [rbx+8]        value
  for (const [type, value] of entries) {
    code.bytes(0x83, 0xf8, type); //                           cmp eax, type
    jump(code, JNE, `not ${type}`);
    loadImmediate(code, 1, value); //                          mov rcx, value
    code.label(`not ${type}`);
  }
  code.bytes(0x49, 0x89, 0x00); //                             mov [r8], rax
  code.bytes(0x49, 0x89, 0x48, 0x08); //                       mov [r8+8], rcx
  code.bytes(0x48, 0x83, 0xc3, 0x10, 0x49, 0x83, 0xc0, 0x10); // add rbx, 16; add r8, 16
  code.bytes(0x48, 0x85, 0xc0); //                             test rax, rax
  jump(code, JNE, "auxiliary");
}

/** Puts each library into a sealed memory file and completes its path with the descriptor's number. */
function openLibraries(code: Code, libraries: number): void {
  const syscall = (number: number): Code => code.bytes(0xb8).u32(number).bytes(0x0f, 0x05);
  loadImmediate(code, 12, libraries); //                       mov r12, table
  code.label("library").bytes(0x49, 0x8b, 0x3c, 0x24); //      mov rdi, [r12]          name
  code.bytes(0x48, 0x85, 0xff); //                             test rdi, rdi
  jump(code, JE, "go");
  code.bytes(0xbe).u32(3); //                                  mov esi, MFD_CLOEXEC | MFD_ALLOW_SEALING
  syscall(SYS.memfdCreate).bytes(0x85, 0xc0); //               test eax, eax
  jump(code, JS, "fail");
  code.bytes(0x41, 0x89, 0xc5); //                             mov r13d, eax           descriptor
  code.bytes(0x4d, 0x8b, 0x74, 0x24, 0x08); //                 mov r14, [r12+8]        bytes
  code.bytes(0x4d, 0x8b, 0x7c, 0x24, 0x10); //                 mov r15, [r12+16]       how many
  code.label("write").bytes(0x44, 0x89, 0xef); //              mov edi, r13d
  code.bytes(0x4c, 0x89, 0xf6, 0x4c, 0x89, 0xfa); //           mov rsi, r14; mov rdx, r15
  syscall(SYS.write).bytes(0x48, 0x85, 0xc0); //               test rax, rax
  jump(code, JLE, "fail");
  code.bytes(0x49, 0x01, 0xc6, 0x49, 0x29, 0xc7); //           add r14, rax; sub r15, rax
  jump(code, JNE, "write");
  code.bytes(0x44, 0x89, 0xef).bytes(0xbe).u32(1033); //       mov edi, r13d; mov esi, F_ADD_SEALS
  code.bytes(0xba).u32(15); //                                 mov edx, all four seals
  syscall(SYS.fcntl);
  code.bytes(0x49, 0x8b, 0x7c, 0x24, 0x18); //                 mov rdi, [r12+24]       digits go here
  code.bytes(0x44, 0x89, 0xe8, 0xb9).u32(10); //               mov eax, r13d; mov ecx, 10
  code.bytes(0x48, 0x8d, 0x74, 0x24, 0xf0, 0x45, 0x31, 0xc0); // lea rsi, [rsp-16]; xor r8d, r8d
  code.label("digit").bytes(0x31, 0xd2, 0xf7, 0xf1); //        xor edx, edx; div ecx
  code.bytes(0x80, 0xc2, 0x30, 0x48, 0xff, 0xce); //           add dl, '0'; dec rsi
  code.bytes(0x88, 0x16, 0x41, 0xff, 0xc0); //                 mov [rsi], dl; inc r8d
  code.bytes(0x85, 0xc0); //                                   test eax, eax
  jump(code, JNE, "digit");
  code.bytes(0x44, 0x89, 0xc1, 0xf3, 0xa4); //                 mov ecx, r8d; rep movsb
  code.bytes(0xc6, 0x07, 0x00); //                             mov byte [rdi], 0
  code.bytes(0x49, 0x83, 0xc4, 0x20); //                       add r12, 32
  jump(code, undefined, "library");
}

function fail(code: Code, [address, length]: readonly [number, number]): void {
  code.label("fail").bytes(0xbf).u32(2); //                    mov edi, 2
  loadImmediate(code, 6, address); //                          mov rsi, message
  code.bytes(0xba).u32(length); //                             mov edx, length
  code.bytes(0xb8).u32(SYS.write).bytes(0x0f, 0x05);
  code.bytes(0xbf).u32(127).bytes(0xb8).u32(SYS.exitGroup).bytes(0x0f, 0x05);
}
