import { type Label, R0, R1, R2, R3, R9, R10 } from "./assembler.ts";
import type { Emitter, Value } from "./emitter.ts";
import { overlayLayer } from "./file-values.ts";
import type { TaskValues } from "./task-values.ts";
import { combine, member, shared } from "./values.ts";

/** Recorded flags of an executable (table execve_flags). */
const EXE = { writable: 1, upperLayer: 2, fromMemfd: 4, lowerLayer: 8 } as const;

const SB_RDONLY = 1;
const S_IMMUTABLE = 8;
const S_IFMT = 0o170000;
const S_IFREG = 0o100000;
const MAY_WRITE = 2;
const CAP_DAC_OVERRIDE = 1;
const CAP_FOWNER = 3;
const INVALID_ID = 0xffff_ffff;
const MAX_GROUP_STEPS = 17;
const MAX_EXTENTS = 5;

/** Whether the program could change its own executable, its overlay layer, and whether it comes from a memfd. */
export function exeFlags(task: TaskValues): Value {
  const file = shared(task.of("mm.exe_file"));
  const layer = overlayLayer(file, EXE.upperLayer, EXE.lowerLayer);
  return combine(
    "or",
    combine("or", layer, fromMemfd(file)),
    writable(task, member(file, "file", "f_inode")),
  );
}

const MEMFD_PREFIX = Buffer.from("memfd:");

/** A file that lies in no directory and whose name starts with `memfd:`. */
function fromMemfd(file: Value): Value {
  return (k) => {
    const { asm, btf } = k;
    const no = asm.label("no memfd");
    const end = asm.label("memfd");
    const dentry = member(file, "file", "f_path.dentry");
    k.temporary(8, (at) => {
      dentry(k);
      asm.store(8, R10, at, R0);
      k.branch(() => k.follow(btf.path("dentry", "d_parent")));
      asm.load(8, R1, R10, at);
      asm.jump("ne", R0, R1, no);
      asm.mov(R0, R1);
      k.branch(() => k.follow(btf.path("dentry", "d_name.name")));
      asm.mov(R3, R0);
      k.branch(() => k.readKernel(8));
      asm.alu("shl", R0, 16);
      asm.alu("shr", R0, 16);
      asm.wide(R1, BigInt(MEMFD_PREFIX.readUIntLE(0, 6)));
      asm.jump("ne", R0, R1, no);
      asm.mov(R0, EXE.fromMemfd);
      asm.goto(end);
      asm.place(no);
      asm.mov(R0, 0);
      asm.place(end);
    });
  };
}

/** The kernel's permission check for writing, without access control lists and security modules. */
function writable(task: TaskValues, inodeOf: Value): Value {
  return (k) => {
    const { asm } = k;
    const inode = shared(inodeOf);
    const of = (path: string): Value => member(inode, "inode", path);
    const uid = shared(of("i_uid.val"));
    const gid = shared(of("i_gid.val"));
    const no = asm.label("not writable");
    const yes = asm.label("writable");
    const end = asm.label("writable known");
    for (const value of [inode, uid, gid]) value(k);
    k.branch(() => {
      readOnlyFile(k, of, no);
      for (const id of [uid, gid]) {
        id(k);
        asm.wide(R1, BigInt(INVALID_ID));
        asm.jump("eq", R0, R1, no);
      }
      jumpIfEqual(k, task.of("cred.fsuid.val"), uid, yes);
      groupMode(k, task, of("i_mode"), gid);
      asm.alu("and", R0, MAY_WRITE);
      asm.jump("ne", R0, 0, yes);
      privileged(k, task, uid, gid, yes, no);
    });
    asm.place(yes);
    asm.mov(R0, EXE.writable);
    asm.goto(end);
    asm.place(no);
    asm.mov(R0, 0);
    asm.place(end);
  };
}

function jumpIfEqual(k: Emitter, a: Value, b: Value, target: Label): void {
  combine("sub", a, b)(k);
  k.asm.jump("eq", R0, 0, target);
}

/** To `no` for immutable files, and for regular ones on a read-only file system. */
function readOnlyFile(k: Emitter, of: (path: string) => Value, no: Label): void {
  const { asm } = k;
  const writableMount = asm.label("writable mount");
  of("i_flags")(k);
  asm.jump("set", R0, S_IMMUTABLE, no);
  of("i_sb.s_flags")(k);
  asm.alu("and", R0, SB_RDONLY);
  asm.jump("eq", R0, 0, writableMount);
  of("i_mode")(k);
  asm.alu("and", R0, S_IFMT);
  asm.jump("eq", R0, S_IFREG, no);
  asm.place(writableMount);
}

/** R0 = the file's mode with the bits that hold for the task lowest: its group's if it is in the file's group, else the others'. */
function groupMode(k: Emitter, task: TaskValues, mode: Value, gid: Value): void {
  const { asm } = k;
  const isMember = asm.label("group member");
  const end = asm.label("mode");
  jumpIfEqual(k, task.of("cred.fsgid.val"), gid, isMember);
  inGroups(k, task, gid, isMember);
  mode(k);
  asm.goto(end);
  asm.place(isMember);
  mode(k);
  asm.alu("shr", R0, 3);
  asm.place(end);
}

/** To `found` if the task's supplementary groups, which the kernel keeps sorted, hold the group. */
function inGroups(k: Emitter, task: TaskValues, gid: Value, found: Label): void {
  const { asm, btf } = k;
  const entries = btf.path("group_info", "gid").offset;
  k.cells(5, (groups, wanted, left, right, middle) => {
    const loop = asm.label("search");
    const lower = asm.label("lower half");
    const next = asm.label("next half");
    const end = asm.label("searched");
    wanted.keep(k, gid);
    groups.keep(k, task.of("cred.group_info"));
    right.keep(k, member(groups.value, "group_info", "ngroups"));
    left.store(k, 0);
    asm.mov(R9, MAX_GROUP_STEPS);
    asm.place(loop);
    left.load(k, R1);
    right.load(k, R2);
    asm.jump("ge", R1, R2, end);
    asm.alu("add", R1, R2);
    asm.alu("shr", R1, 1);
    middle.store(k, R1);
    asm.alu("shl", R1, 2);
    groups.load(k, R3);
    asm.alu("add", R3, entries);
    asm.alu("add", R3, R1);
    k.readKernel(4);
    wanted.load(k, R1);
    asm.jump("eq", R0, R1, found);
    asm.jump("lt", R1, R0, lower);
    middle.load(k, R1);
    asm.alu("add", R1, 1);
    left.store(k, R1);
    asm.goto(next);
    asm.place(lower);
    middle.load(k, R1);
    right.store(k, R1);
    asm.place(next);
    asm.alu("sub", R9, 1);
    asm.jump("ne", R9, 0, loop);
    asm.place(end);
  });
}

/** To `yes` if a capability lets the task write a file whose owner its user namespace knows, else to `no`. */
function privileged(k: Emitter, task: TaskValues, uid: Value, gid: Value, yes: Label, no: Label): void {
  const { asm } = k;
  const owner = asm.label("owner capability");
  idMapped(k, task, "uid_map", uid, no);
  task.capability("cap_effective")(k);
  asm.jump("set", R0, 1 << CAP_FOWNER, yes);
  asm.jump("set", R0, 1 << CAP_DAC_OVERRIDE, owner);
  asm.goto(no);
  asm.place(owner);
  idMapped(k, task, "gid_map", gid, no);
  asm.goto(yes);
}

/** To `no` if the task's user namespace has no id for this one. */
function idMapped(k: Emitter, task: TaskValues, map: "uid_map" | "gid_map", id: Value, no: Label): void {
  const { asm } = k;
  const mapped = asm.label("mapped");
  const of = (path: string): Value => task.of(`cred.user_ns.${map}.${path}`);
  for (let i = 0; i < MAX_EXTENTS; i++) {
    const next = asm.label("next extent");
    of("nr_extents")(k);
    asm.jump("le", R0, i, no);
    combine("sub", id, of(`extent[${i}].lower_first`))(k);
    k.temporary(8, (at) => {
      asm.store(8, R10, at, R0);
      asm.jump("slt", R0, 0, next);
      of(`extent[${i}].count`)(k);
      asm.load(8, R1, R10, at);
      asm.jump("lt", R1, R0, mapped);
    });
    asm.place(next);
  }
  asm.goto(no);
  asm.place(mapped);
}
