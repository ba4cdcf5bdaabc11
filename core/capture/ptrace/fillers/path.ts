import type { FillerSet } from "../filler.ts";
import { arg, empty, int, masked, type Read, result, succeeded, text, when } from "../values.ts";

const res = result;
const MODE = 0o7777;
const S_IFMT = 0o170000;
const S_IFREG = 0o100000;

/** A node's kind and permissions; without a kind it is a regular file. */
const nodeMode =
  (index: number): Read<number> =>
  (call) => {
    const asked = masked(index, 0o177777)(call);
    return asked & S_IFMT ? asked : asked | S_IFREG;
  };

const AT_REMOVEDIR = 0x200;
/** AT_SYMLINK_FOLLOW, AT_EMPTY_PATH */
const LINK_FLAGS = 0x400 | 0x1000;
/** AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, AT_NO_AUTOMOUNT */
const STAT_FLAGS = 0x100 | 0x1000 | 0x800;

/** Magic number that mount(2) once wanted in the upper half of its flags. */
const MS_MAGIC = 0xc0ed_0000;

const mountFlags: Read<number> = (call) => {
  const upper = masked(3, 0xffff_0000)(call);
  return (masked(3, 0xffff)(call) | (upper === MS_MAGIC ? 0 : upper)) >>> 0;
};

const two = { res, oldpath: text(0), newpath: text(1) };
const twoAt = { res, olddirfd: int(0), oldpath: text(1), newdirfd: int(2), newpath: text(3) };
const owned = { res, path: text(0), uid: arg(1), gid: arg(2) };
const plain = { res, path: text(0) };

/** Names in the file system: making, removing, renaming, owning. */
export const pathFillers: FillerSet = {
  SYSCALL_UNLINK_2_X: plain,
  SYSCALL_UNLINKAT_2_X: { res, dirfd: int(0), name: text(1), flags: masked(2, AT_REMOVEDIR) },
  SYSCALL_RENAME_X: two,
  SYSCALL_RENAMEAT_X: twoAt,
  SYSCALL_RENAMEAT2_X: { ...twoAt, flags: arg(4) },
  SYSCALL_LINK_2_X: two,
  SYSCALL_LINKAT_2_X: {
    res,
    olddir: int(0),
    oldpath: text(1),
    newdir: int(2),
    newpath: text(3),
    flags: masked(4, LINK_FLAGS),
  },
  SYSCALL_SYMLINK_X: { res, target: text(0), linkpath: text(1) },
  SYSCALL_SYMLINKAT_X: { res, target: text(0), linkdirfd: int(1), linkpath: text(2) },
  SYSCALL_MKDIR_2_X: { res, path: text(0), mode: arg(1) },
  SYSCALL_MKDIRAT_X: { res, dirfd: int(0), path: text(1), mode: arg(2) },
  SYSCALL_RMDIR_2_X: plain,
  SYSCALL_CHMOD_X: { res, filename: text(0), mode: masked(1, MODE) },
  SYSCALL_FCHMOD_X: { res, fd: int(0), mode: masked(1, MODE) },
  SYSCALL_FCHMODAT_X: { res, dirfd: int(0), filename: text(1), mode: masked(2, MODE) },
  SYSCALL_CHOWN_X: owned,
  SYSCALL_LCHOWN_X: owned,
  SYSCALL_FCHOWN_X: { res, fd: int(0), uid: arg(1), gid: arg(2) },
  SYSCALL_FCHOWNAT_X: {
    res,
    dirfd: int(0),
    pathname: text(1),
    uid: arg(2),
    gid: arg(3),
    flags: masked(4, LINK_FLAGS),
  },
  SYSCALL_ACCESS_X: { res, name: text(0), mode: masked(1, 7) },
  SYSCALL_STAT_X: plain,
  SYSCALL_LSTAT_X: plain,
  SYSCALL_STAT64_X: plain,
  SYSCALL_LSTAT64_X: plain,
  SYSCALL_FSTAT_X: { res, fd: int(0) },
  SYSCALL_FSTAT64_X: { res },
  SYSCALL_NEWFSTATAT_X: { res, dirfd: int(0), path: text(1), flags: masked(3, STAT_FLAGS) },
  SYSCALL_MOUNT_X: { res, dev: text(0), dir: text(1), type: text(2), flags: mountFlags },
  SYSCALL_MKNOD_X: { res, path: text(0), mode: nodeMode(1), dev: arg(2) },
  SYSCALL_MKNODAT_X: { res, dirfd: int(0), path: text(1), mode: nodeMode(2), dev: arg(3) },
  SYSCALL_GETCWD_X: { res, path: when(succeeded, text(0), empty) },
  SYSCALL_UMOUNT_1_X: { res, name: text(0) },
  SYSCALL_UMOUNT2_X: { res, name: text(0), flags: masked(1, 15) },
};
