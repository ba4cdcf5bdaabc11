import { call, ints, memory, text, words } from "../calls.ts";
import {
  AT_FDCWD,
  BAD_FD,
  dir,
  expectEvent,
  file,
  O_CLOEXEC,
  O_RDWR_CREAT,
  path,
  run,
} from "../expectations.ts";

export function files(): void {
  run("mkdir", [text(path("a")), 0o755], { path: path("a"), mode: 0o755 });
  run("mkdirat", [AT_FDCWD, text(path("b")), 0o700], { dirfd: AT_FDCWD, path: path("b"), mode: 0o700 });
  run("rmdir", [text(path("b"))], { path: path("b") });
  const fd = run(
    "openat",
    [AT_FDCWD, text(file), O_RDWR_CREAT, 0o644],
    { dirfd: AT_FDCWD, name: file },
    "fd",
  );
  run("openat2", [AT_FDCWD, text(file), words(0, 0, 0), 24], { name: file, resolve: 0 }, "fd");
  run("open", [text(file), 0, 0], { name: file, flags: 1, mode: 0 }, "fd");
  run("creat", [text(path("c")), 0o600], { name: path("c"), mode: 0o600, creat_flags: 0 }, "fd");
  const handle = memory(Buffer.alloc(136, 0));
  const sized = Buffer.alloc(136);
  sized.writeUInt32LE(128);
  const place = memory(sized);
  call("name_to_handle_at", AT_FDCWD, text(dir), place, ints(0), 0);
  const mount = call("open", text(dir), 0);
  run("open_by_handle_at", [mount, place, 0], { mountfd: mount, flags: 1, path: dir }, "fd");
  run("open_by_handle_at", [BAD_FD, handle, 0], { mountfd: BAD_FD }, "fd");
  run("stat", [text(file), memory(Buffer.alloc(256))], { path: file });
  run("lstat", [text(file), memory(Buffer.alloc(256))], { path: file });
  run("fstat", [fd, memory(Buffer.alloc(256))], { fd });
  run("newfstatat", [AT_FDCWD, text(file), memory(Buffer.alloc(256)), 0x100], {
    dirfd: AT_FDCWD,
    path: file,
    flags: 0x100,
  });
  run("access", [text(file), 4], { name: file, mode: 4 });
  run("link", [text(file), text(path("l"))], { oldpath: file, newpath: path("l") });
  run("linkat", [AT_FDCWD, text(file), AT_FDCWD, text(path("m")), 0], {
    olddir: AT_FDCWD,
    newpath: path("m"),
    flags: 0,
  });
  run("symlink", [text("target"), text(path("s"))], { target: "target", linkpath: path("s") });
  run("symlinkat", [text("target"), AT_FDCWD, text(path("t"))], {
    target: "target",
    linkdirfd: AT_FDCWD,
    linkpath: path("t"),
  });
  run("rename", [text(path("l")), text(path("n"))], { oldpath: path("l"), newpath: path("n") });
  run("renameat", [AT_FDCWD, text(path("m")), AT_FDCWD, text(path("o"))], {
    oldpath: path("m"),
    newpath: path("o"),
  });
  run("renameat2", [AT_FDCWD, text(path("o")), AT_FDCWD, text(path("p")), 1], {
    oldpath: path("o"),
    flags: 1,
  });
  run("chmod", [text(file), 0o640], { filename: file, mode: 0o640 });
  run("fchmod", [fd, 0o600], { fd, mode: 0o600 });
  run("fchmodat", [AT_FDCWD, text(file), 0o644], { filename: file, mode: 0o644 });
  run("chown", [text(file), 0, 0], { path: file, uid: 0, gid: 0 });
  run("lchown", [text(file), 0, 0], { path: file, uid: 0, gid: 0 });
  run("fchown", [fd, 0, 0], { fd, uid: 0, gid: 0 });
  run("fchownat", [AT_FDCWD, text(file), 0, 0, 0x100], { pathname: file, flags: 0 });
  run("mknod", [text(path("fifo")), 0o10644, 0], { path: path("fifo"), mode: 0o10644, dev: 0 });
  run("mknodat", [AT_FDCWD, text(path("plain")), 0o600, 0], {
    dirfd: AT_FDCWD,
    path: path("plain"),
    mode: 0o100600,
  });
  run("unlink", [text(path("n"))], { path: path("n") });
  run("unlinkat", [AT_FDCWD, text(path("p")), 0], { dirfd: AT_FDCWD, name: path("p"), flags: 0 });
  run("chdir", [text(dir)], { path: dir });
  const directory = call("open", text(dir), 0);
  run("fchdir", [directory], { fd: directory });
  const length = run("getcwd", [memory(Buffer.alloc(4096)), 4096]);
  expectEvent("SYSCALL_GETCWD_X", { res: length, path: dir });
  run("getdents", [directory, memory(Buffer.alloc(1024)), 1024], { fd: directory });
  run("getdents64", [directory, memory(Buffer.alloc(1024)), 1024], { fd: directory });
  run("chroot", [text("/")], { path: "/" });
  run("flock", [fd, 2], { fd, operation: 2 });
  run("ioctl", [fd, 0x5401, 7], { fd, request: 0x5401, argument: 7 });
  run("fcntl", [fd, 1, 0], { fd, cmd: 2, arg: 0 });
  run("dup", [fd], { oldfd: fd });
  run("dup2", [fd, 710], { oldfd: fd, newfd: 710 });
  run("dup3", [fd, 711, O_CLOEXEC], { oldfd: fd, newfd: 711, flags: 0x1000 });
  run("close", [711], { fd: 711 });
  run("close_range", [710, 711, 0], { first: 710, last: 711, flags: 0 });
  run("mount", [text("none"), text("/nowhere"), text("tmpfs"), 1, 0], {
    dev: "none",
    dir: "/nowhere",
    type: "tmpfs",
    flags: 1,
  });
  run("umount2", [text("/nowhere"), 2], { name: "/nowhere", flags: 2 });
  run("quotactl", [0x80_0002 * 256, text("none"), 2, text("/nowhere")], {
    special: "none",
    quotafilepath: "/nowhere",
    cmd: 1,
    type: 1,
    quota_fmt: 4,
  });
  run("fsconfig", [BAD_FD, 1, text("key"), text("value"), 3], { fd: BAD_FD, cmd: 1, key: "key", aux: 3 });
}
