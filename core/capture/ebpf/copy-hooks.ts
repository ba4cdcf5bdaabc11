import { R0, R1, R2, R3, R6, R7, R8, R9 } from "./assembler.ts";
import { Emitter } from "./emitter.ts";
import { HELPER } from "./helper.ts";
import { INTEREST, MAX_SYSCALLS, WANTED } from "./interest.ts";
import { keepText } from "./keep-text.ts";
import { ADDRESS, COPIES, type KernelCopies, MAX_ADDRESSES, MORE, taskStorage } from "./kernel-copies.ts";
import type { Target } from "./target.ts";

type Maps = Pick<KernelCopies, "own" | "more">;

/** The cache that path names lie in, by its name in the kernel: eight and four bytes of it. */
const NAMES_CACHE = "names_cache\0";
/** Arguments of the tracepoint kmem_cache_free. */
const OBJECT = 8;
const CACHE = 16;
const LAST_ERROR = 4095;
const PATH_MAX = 4096;

/** Emits a function or program whose context is in R6; in it `k.drop` leads out. */
function emitBody(k: Emitter, body: () => void): void {
  const { asm } = k;
  asm.mov(R6, R1);
  body();
  asm.place(k.drop);
  asm.mov(R0, 0);
  asm.exit();
}

function program(target: Target, body: (k: Emitter) => void): Buffer {
  const k = new Emitter(target);
  emitBody(k, () => body(k));
  return k.asm.finish();
}

/** R7 = where the current task's copies are kept, void ones removed. Goes to `k.drop` unless the task is in a call that is traced and takes copies. */
function admit(k: Emitter, { own }: Maps): void {
  const { asm, btf, target } = k;
  const { arch, maps } = target;
  const current = asm.label("of this generation");
  asm.call(HELPER.currentTaskTyped);
  asm.mov(R7, R0);
  asm.mov(R1, R0);
  asm.call(HELPER.taskRegisters);
  // The pointer is typed: members can be loaded as they are.
  const number = btf.path("pt_regs", arch.number);
  asm.load(number.size === 4 ? 4 : 8, R1, R0, number.offset);
  asm.alu32("mov", R1, R1);
  if (arch.marked !== undefined) asm.alu32("and", R1, ~arch.marked);
  asm.jump("ge", R1, MAX_SYSCALLS, k.drop);
  asm.mapValue(R2, maps.interest, INTEREST.flags);
  asm.alu("add", R2, R1);
  asm.load(1, R1, R2, 0);
  asm.alu("and", R1, WANTED.copies | WANTED.compatCopies);
  asm.jump("eq", R1, 0, k.drop);
  if (arch.compat) {
    const native = asm.label("native");
    const decided = asm.label("wanted");
    asm.load(4, R2, R7, btf.path("task_struct", arch.compat.member).offset);
    asm.alu("and", R2, arch.compat.mask);
    asm.jump("eq", R2, 0, native);
    asm.alu("and", R1, WANTED.compatCopies);
    asm.goto(decided);
    asm.place(native);
    asm.alu("and", R1, WANTED.copies);
    asm.place(decided);
    asm.jump("eq", R1, 0, k.drop);
  }
  taskStorage(k, own, k.drop, { create: true, task: R7 });
  asm.mov(R7, R0);
  asm.mapValue(R1, maps.interest, INTEREST.generation);
  asm.load(4, R1, R1, 0);
  asm.load(4, R2, R7, COPIES.generation);
  asm.jump("eq", R1, R2, current);
  asm.store(4, R7, COPIES.generation, R1);
  asm.store(4, R7, COPIES.texts, 0);
  asm.store(4, R7, COPIES.addresses, 0);
  asm.place(current);
}

/**
 * For the tracepoint kmem_cache_free(call site, object, struct kmem_cache *): the kernel frees a path name (struct filename) at the end of each
 * call that got one, in that call, and has not changed it since it copied it. The functions that copy it can't be hooked as well: the compiler puts parts
 * of them into their callers. A name too long for its object is freed as a bare text, without its user address.
 *
 * The kernel frees objects all the time, most of them of other caches than the one of names, at address `namesCache`: so the program itself only
 * compares, with a constant and without registers to save; the rest is a function of its own.
 */
export function namesProgram(target: Target, maps: Maps, namesCache: bigint): Buffer {
  const k = new Emitter(target);
  const { asm } = k;
  const other = asm.label("other cache");
  const name = asm.label("name freed");
  asm.load(8, R2, R1, CACHE);
  asm.wide(R3, namesCache);
  asm.jump("ne", R2, R3, other);
  asm.callOwn(name);
  asm.place(other);
  asm.mov(R0, 0);
  asm.exit();
  asm.place(name);
  emitBody(k, () => keepName(k, maps));
  return asm.finish();
}

function keepName(k: Emitter, maps: Maps): void {
  const { asm, btf } = k;
  const inside = btf.path("filename", "iname").offset;
  const keep = asm.label("keep");
  const embedded = asm.label("embedded");
  admit(k, maps);
  asm.load(8, R9, R6, OBJECT);
  asm.mov(R0, R9);
  k.follow(btf.path("filename", "uptr"));
  asm.mov(R8, R0);
  asm.mov(R0, R9);
  k.follow(btf.path("filename", "name"));
  asm.mov(R1, R9);
  asm.alu("add", R1, inside);
  asm.jump("eq", R0, R1, embedded);
  asm.mov(R8, 0);
  asm.goto(keep);
  asm.place(embedded);
  asm.mov(R9, R0);
  // Names that the kernel made up have no user address.
  asm.jump("eq", R8, 0, k.drop);
  asm.place(keep);
  keepText(k, maps, PATH_MAX - inside);
}

/** For the same tracepoint: notes the address of the cache of names in the interest map when one is freed. */
export function findNamesProgram(target: Target): Buffer {
  return program(target, (k) => {
    const { asm, btf } = k;
    const text = Buffer.from(NAMES_CACHE, "latin1");
    asm.load(8, R7, R6, CACHE);
    asm.mov(R0, R7);
    k.follow(btf.path("kmem_cache", "name"));
    asm.mov(R8, R0);
    asm.mov(R3, R8);
    k.readKernel(8);
    asm.wide(R1, text.readBigUInt64LE(0));
    asm.jump("ne", R0, R1, k.drop);
    asm.mov(R3, R8);
    asm.alu("add", R3, 8);
    k.readKernel(4);
    asm.jump("ne", R0, text.readUInt32LE(8), k.drop);
    asm.mapValue(R2, target.maps.interest, INTEREST.namesCache);
    asm.store(8, R2, 0, R7);
  });
}

/** For the end of `char *strndup_user(const char __user *, long)`. */
export function stringsProgram(target: Target, maps: Maps): Buffer {
  return program(target, (k) => {
    const { asm } = k;
    asm.load(8, R9, R6, 16);
    asm.jump("eq", R9, 0, k.drop);
    asm.jump("ge", R9, -LAST_ERROR, k.drop);
    admit(k, maps);
    asm.load(8, R8, R6, 0);
    keepText(k, maps, undefined);
  });
}

/** For the end of `int move_addr_to_kernel(void __user *, int length, struct sockaddr_storage *)`. */
export function addressesProgram(target: Target, maps: Maps): Buffer {
  return program(target, (k) => {
    const { asm } = k;
    const further = asm.label("further address");
    const read = asm.label("read address");
    asm.load(8, R1, R6, 24);
    asm.jump32("ne", R1, 0, k.drop);
    asm.load(8, R8, R6, 8);
    asm.alu32("mov", R8, R8);
    asm.jump("eq", R8, 0, k.drop);
    asm.jump("gt", R8, ADDRESS, k.drop);
    admit(k, maps);
    asm.load(4, R9, R7, COPIES.addresses);
    asm.jump("ge", R9, MAX_ADDRESSES, k.drop);
    asm.jump("ne", R9, 0, further);
    asm.mov(R1, R7);
    asm.alu("add", R1, COPIES.addressLength);
    asm.goto(read);
    asm.place(further);
    taskStorage(k, maps.more, k.drop, { create: true });
    asm.mov(R1, R9);
    asm.alu("sub", R1, 1);
    // It is not 0, which not every verifier concludes.
    asm.alu("and", R1, MAX_ADDRESSES - 1);
    asm.alu("mul", R1, MORE.addressSize);
    asm.alu("add", R1, R0);
    asm.alu("add", R1, MORE.addresses);
    asm.place(read);
    asm.store(8, R1, 0, R8);
    asm.alu("add", R1, 8);
    asm.mov(R2, R8);
    asm.load(8, R3, R6, 16);
    asm.call(HELPER.probeReadKernel);
    asm.load(4, R9, R7, COPIES.addresses);
    asm.alu("add", R9, 1);
    asm.store(4, R7, COPIES.addresses, R9);
  });
}
