import type { Value } from "../emitter.ts";
import type { FillerSet } from "../program.ts";
import { usedPath, usedString } from "../used-values.ts";
import { arg, combine, constant, fdArg, masked, result, translate, uint, when } from "../values.ts";
import { empty, userString } from "../writers.ts";

const path = (index: number) => usedPath(index);
/** The second of a call's two. */
const second = (index: number) => usedPath(index, "last");
const res = result;
const mode = (index: number) => combine("and", uint(arg(index)), constant(0o7777));
const flags = (index: number, mask: number) => combine("and", uint(arg(index)), constant(mask));

const S_IFMT = 0o170000;
const S_IFREG = 0o100000;
const ALL_MODE = 0o177777;

/** A node's kind and permissions; without a kind it is a regular file. */
function nodeMode(index: number): Value {
  const asked = masked(arg(index), ALL_MODE);
  return when(masked(asked, S_IFMT), "eq", 0, combine("or", asked, constant(S_IFREG)), asked);
}

const AT_REMOVEDIR = 0x200;
const AT_SYMLINK_FOLLOW = 0x400;
const AT_EMPTY_PATH = 0x1000;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_NO_AUTOMOUNT = 0x800;
const LINK_FLAGS = AT_SYMLINK_FOLLOW | AT_EMPTY_PATH;
const STAT_FLAGS = AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT;

/** Magic number that mount(2) once wanted in the upper half of its flags. */
const MS_MAGIC = 0xc0ed_0000;
const MS_MAGIC_MASK = 0xffff_0000;

const mountFlags = combine(
  "or",
  flags(3, 0xffff),
  translate(flags(3, MS_MAGIC_MASK), [[MS_MAGIC, 0]], "same"),
);

const linkParams = { res, oldpath: path(0), newpath: second(1) };
const renameatParams = { res, olddirfd: fdArg(0), oldpath: path(1), newdirfd: fdArg(2), newpath: second(3) };

/** Names in the file system: making, removing, renaming, owning. */
export function pathFillers(): FillerSet {
  return {
    SYSCALL_UNLINK_2_X: { params: { res, path: path(0) } },
    SYSCALL_UNLINKAT_2_X: { params: { res, dirfd: fdArg(0), name: path(1), flags: flags(2, AT_REMOVEDIR) } },
    SYSCALL_RENAME_X: { params: linkParams },
    SYSCALL_RENAMEAT_X: { params: renameatParams },
    SYSCALL_RENAMEAT2_X: { params: { ...renameatParams, flags: arg(4) } },
    SYSCALL_LINK_2_X: { params: linkParams },
    SYSCALL_LINKAT_2_X: {
      params: {
        res,
        olddir: fdArg(0),
        oldpath: path(1),
        newdir: fdArg(2),
        newpath: second(3),
        flags: flags(4, LINK_FLAGS),
      },
    },
    SYSCALL_SYMLINK_X: { params: { res, target: path(0), linkpath: second(1) } },
    SYSCALL_SYMLINKAT_X: { params: { res, target: path(0), linkdirfd: fdArg(1), linkpath: second(2) } },
    SYSCALL_MKDIR_2_X: { params: { res, path: path(0), mode: arg(1) } },
    SYSCALL_MKDIRAT_X: { params: { res, dirfd: fdArg(0), path: path(1), mode: arg(2) } },
    SYSCALL_RMDIR_2_X: { params: { res, path: path(0) } },
    SYSCALL_CHMOD_X: { params: { res, filename: path(0), mode: mode(1) } },
    SYSCALL_FCHMOD_X: { params: { res, fd: fdArg(0), mode: mode(1) } },
    SYSCALL_FCHMODAT_X: { params: { res, dirfd: fdArg(0), filename: path(1), mode: mode(2) } },
    SYSCALL_CHOWN_X: { params: { res, path: path(0), uid: arg(1), gid: arg(2) } },
    SYSCALL_LCHOWN_X: { params: { res, path: path(0), uid: arg(1), gid: arg(2) } },
    SYSCALL_FCHOWN_X: { params: { res, fd: fdArg(0), uid: arg(1), gid: arg(2) } },
    SYSCALL_FCHOWNAT_X: {
      params: {
        res,
        dirfd: fdArg(0),
        pathname: path(1),
        uid: arg(2),
        gid: arg(3),
        flags: flags(4, LINK_FLAGS),
      },
    },
    SYSCALL_ACCESS_X: { params: { res, name: path(0), mode: flags(1, 7) } },
    SYSCALL_STAT_X: { params: { res, path: path(0) } },
    SYSCALL_LSTAT_X: { params: { res, path: path(0) } },
    SYSCALL_STAT64_X: { params: { res, path: path(0) } },
    SYSCALL_LSTAT64_X: { params: { res, path: path(0) } },
    SYSCALL_FSTAT_X: { params: { res, fd: fdArg(0) } },
    SYSCALL_FSTAT64_X: { params: { res } },
    SYSCALL_NEWFSTATAT_X: { params: { res, dirfd: fdArg(0), path: path(1), flags: flags(3, STAT_FLAGS) } },
    SYSCALL_MOUNT_X: {
      params: { res, dev: usedString(0), dir: path(1), type: usedString(2), flags: mountFlags },
    },
    SYSCALL_MKNOD_X: { params: { res, path: path(0), mode: nodeMode(1), dev: arg(2) } },
    SYSCALL_MKNODAT_X: {
      params: { res, dirfd: fdArg(0), path: path(1), mode: nodeMode(2), dev: arg(3) },
    },
    SYSCALL_GETCWD_X: { params: { res, path: when(result, "sge", 0, userString(arg(0)), empty) } },
    SYSCALL_UMOUNT_1_X: { params: { res, name: path(0) } },
    SYSCALL_UMOUNT2_X: { params: { res, name: path(0), flags: flags(1, 15) } },
  };
}
