import { R0, R1, R2, R3, R10 } from "./assembler.ts";
import type { Value } from "./emitter.ts";
import { currentTask, int, member, result, shared } from "./values.ts";

/** `struct file *` behind a descriptor of the current task; 0 when it has none. */
export function fileOf(fd: Value): Value {
  return (k) => {
    const { asm } = k;
    const end = asm.label("no file");
    k.temporary(16, (at) => {
      int(fd)(k);
      asm.store(8, R10, at, R0);
      asm.mov(R1, R0);
      asm.mov(R0, 0);
      asm.jump("slt", R1, 0, end);
      k.branch(() => member(currentTask, "task_struct", "files.fdt")(k));
      asm.store(8, R10, at + 8, R0);
      k.follow(k.btf.path("fdtable", "max_fds"));
      asm.load(8, R1, R10, at);
      asm.mov(R2, R0);
      asm.mov(R0, 0);
      asm.jump("ge", R1, R2, end);
      asm.load(8, R0, R10, at + 8);
      k.follow(k.btf.path("fdtable", "fd"));
      asm.load(8, R3, R10, at);
      asm.alu("shl", R3, 3);
      asm.alu("add", R3, R0);
      k.readKernel(8);
      asm.place(end);
    });
  };
}

/** The file that the call's result is the descriptor of. */
export const resultFile = shared(fileOf(result));

/** A device number as user space writes it, from the kernel's. */
export function encodedDevice(kernelDevice: Value): Value {
  return (k) => {
    const { asm } = k;
    kernelDevice(k);
    // kernel: major << 20 | minor; user: minor & 0xff | major << 8 | (minor & ~0xff) << 12
    asm.mov(R1, R0);
    asm.alu("and", R1, 0xff);
    asm.mov(R2, R0);
    asm.alu("shr", R2, 20);
    asm.alu("shl", R2, 8);
    asm.alu("or", R1, R2);
    asm.alu("and", R0, 0xfff00);
    asm.alu("shl", R0, 12);
    asm.alu("or", R0, R1);
  };
}

export const fileMember = (file: Value, ...paths: readonly string[]): Value => member(file, "file", ...paths);
export const fileInode = (file: Value): Value => fileMember(file, "f_inode.i_ino");
export const fileDevice = (file: Value): Value => encodedDevice(fileMember(file, "f_inode.i_sb.s_dev"));

const OVERLAY_MAGIC = 0x794c_7630;

/** Layer of an overlay file system that a file lies in: `upper`, `lower`, or 0 where it is not on one. */
export function overlayLayer(file: Value, upper: number, lower: number): Value {
  return (k) => {
    const { asm, btf } = k;
    const end = asm.label("layer");
    fileMember(file, "f_path.dentry.d_sb.s_magic")(k);
    asm.mov(R1, R0);
    asm.mov(R0, 0);
    asm.wide(R2, BigInt(OVERLAY_MAGIC));
    asm.jump("ne", R1, R2, end);
    k.branch(() => fileMember(file, "f_path.dentry.d_inode")(k));
    // struct ovl_inode (a module's, hence not in BTF) holds the upper dentry directly behind its inode.
    asm.mov(R3, R0);
    asm.alu("add", R3, btf.sizeOf("inode"));
    k.readKernel(8);
    k.follow(btf.path("dentry", "d_inode.i_ino"));
    asm.mov(R1, R0);
    asm.mov(R0, lower);
    asm.jump("eq", R1, 0, end);
    asm.mov(R0, upper);
    asm.place(end);
  };
}
