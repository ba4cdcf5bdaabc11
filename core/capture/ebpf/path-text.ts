import { type Label, R0, R1, R2, R3, R7, R8, R9, R10 } from "./assembler.ts";
import type { Cell, Emitter, Value, Writer } from "./emitter.ts";
import { HELPER } from "./helper.ts";
import { SCRATCH } from "./scratch.ts";
import { member } from "./values.ts";

/** Longest path component, with the slash before it. */
const COMPONENT = 256;
const MAX_COMPONENTS = 64;
const MAX_CGROUP_COMPONENTS = 16;
const SLASH = 0x2f;

/**
 * Writes a path whose components come last first. `step` is the body of the loop: it takes a component with `prepend`
 * and goes on to the next, or jumps to `end`; it runs at most `limit` times.
 */
function climb(
  limit: number,
  step: (k: Emitter, prepend: (name: Value) => void, end: Label) => void,
): Writer {
  return (k) => {
    const { asm } = k;
    const loop = asm.label("climb");
    const end = asm.label("top");
    asm.store(8, R7, SCRATCH.position, SCRATCH.pathSize);
    asm.mov(R9, limit);
    asm.place(loop);
    k.branch(() => step(k, (name) => prepend(k, name, end), end));
    asm.alu("sub", R9, 1);
    asm.jump("ne", R9, 0, loop);
    asm.place(end);
    finish(k);
    k.settle();
  };
}

/** Puts a slash and the NUL-terminated kernel string before the text. */
function prepend(k: Emitter, name: Value, end: Label): void {
  const { asm } = k;
  name(k);
  asm.mov(R3, R0);
  asm.store(1, R7, SCRATCH.temp, SLASH);
  asm.mov(R1, R7);
  asm.alu("add", R1, SCRATCH.temp + 1);
  asm.mov(R2, COMPONENT - 1);
  asm.call(HELPER.probeReadKernelString);
  // The NUL's place pays for the slash, so the length stays. Errors are beyond the limit, unsigned.
  asm.jump("gt", R0, COMPONENT - 1, end);
  asm.jump("le", R0, 1, end);
  asm.mov(R2, R0);
  asm.load(8, R1, R7, SCRATCH.position);
  asm.jump("lt", R1, R2, end);
  asm.alu("sub", R1, R2);
  asm.store(8, R7, SCRATCH.position, R1);
  asm.alu("and", R1, SCRATCH.pathSize - 1);
  asm.alu("add", R1, R7);
  asm.alu("add", R1, SCRATCH.path);
  asm.mov(R3, R7);
  asm.alu("add", R3, SCRATCH.temp);
  asm.call(HELPER.probeReadKernel);
}

/** Appends the text and a NUL to the record; the root's own path has no component and becomes a slash. */
function finish(k: Emitter): void {
  const { asm } = k;
  const root = asm.label("root");
  const terminate = asm.label("terminate");
  k.temporary(8, (length) => {
    asm.load(8, R1, R7, SCRATCH.position);
    asm.jump("ge", R1, SCRATCH.pathSize, root);
    asm.mov(R2, SCRATCH.pathSize);
    asm.alu("sub", R2, R1);
    asm.store(8, R10, length, R2);
    asm.mov(R3, R7);
    asm.alu("add", R3, R1);
    asm.alu("add", R3, SCRATCH.path);
    k.recordEnd();
    asm.call(HELPER.probeReadKernel);
    asm.load(8, R0, R10, length);
    asm.alu("add", R8, R0);
    asm.goto(terminate);
    asm.place(root);
    asm.mov(R0, SLASH);
    k.append(1);
    asm.place(terminate);
    asm.mov(R0, 0);
    k.append(1);
  });
}

/** Path of a `struct kernfs_node *`, a cgroup's directory. */
export function kernfsPath(node: Value): Writer {
  return (k) =>
    k.cells(2, (current, parent) => {
      current.keep(k, node);
      climb(MAX_CGROUP_COMPONENTS, (_, prepend, end) => {
        parent.keep(k, member(current.value, "kernfs_node", "parent", "__parent"));
        k.asm.jump("eq", R0, 0, end);
        prepend(member(current.value, "kernfs_node", "name"));
        current.keep(k, parent.value);
      })(k);
    });
}

/**
 * Absolute path of a `struct file *`, as d_path(9) gives it but without the mark of deleted files: up through the
 * directories and, at the root of a mount, on from its mount point. Without locks: a rename at the same moment may show.
 * A file without a place in any directory (memfd) has its name alone.
 */
export function filePath(file: Value): Writer {
  return (k) =>
    k.cells(3, (dentry, mount, parent) => {
      const { asm, btf } = k;
      const inMount = btf.path("mount", "mnt").offset;
      const done = asm.label("path done");
      const climbing = asm.label("has directory");
      mount.keep(k, member(file, "file", "f_path.mnt"));
      asm.jump("eq", R0, 0, done);
      asm.alu("sub", R0, inMount);
      mount.store(k, R0);
      dentry.keep(k, member(file, "file", "f_path.dentry"));
      member(dentry.value, "dentry", "d_parent")(k);
      dentry.load(k, R1);
      asm.jump("ne", R0, R1, climbing);
      member(mount.value, "mount", "mnt.mnt_root")(k);
      dentry.load(k, R1);
      asm.jump("eq", R0, R1, climbing);
      k.branch(() => nameAlone(k, dentry));
      asm.goto(done);
      asm.place(climbing);
      climb(MAX_COMPONENTS, (_, prepend, end) => {
        const inside = asm.label("inside mount");
        const next = asm.label("next");
        member(mount.value, "mount", "mnt.mnt_root")(k);
        dentry.load(k, R1);
        asm.jump("ne", R0, R1, inside);
        parent.keep(k, member(mount.value, "mount", "mnt_parent"));
        mount.load(k, R1);
        asm.jump("eq", R0, R1, end);
        dentry.keep(k, member(mount.value, "mount", "mnt_mountpoint"));
        mount.keep(k, parent.value);
        asm.goto(next);
        asm.place(inside);
        parent.keep(k, member(dentry.value, "dentry", "d_parent"));
        dentry.load(k, R1);
        asm.jump("eq", R0, R1, end);
        prepend(member(dentry.value, "dentry", "d_name.name"));
        dentry.keep(k, parent.value);
        asm.place(next);
      })(k);
      asm.place(done);
    });
}

function nameAlone(k: Emitter, dentry: Cell): void {
  const { asm } = k;
  const bad = asm.label("no name");
  member(dentry.value, "dentry", "d_name.name")(k);
  asm.mov(R3, R0);
  k.recordEnd();
  asm.mov(R2, COMPONENT);
  asm.call(HELPER.probeReadKernelString);
  asm.jump("gt", R0, COMPONENT, bad);
  asm.alu("add", R8, R0);
  asm.place(bad);
}
