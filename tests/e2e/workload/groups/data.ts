import { call, memory, text, words } from "../calls.ts";
import {
  AT_FDCWD,
  BAD_FD,
  expectEvent,
  hex,
  O_CLOEXEC,
  O_RDWR_CREAT,
  path,
  pid,
  run,
  vector,
} from "../expectations.ts";

export function data(): void {
  const fd = call("openat", AT_FDCWD, text(path("data")), O_RDWR_CREAT, 0o644);
  const out = "written bytes";
  run("write", [fd, memory(Buffer.from(out)), out.length], { data: hex(out), fd, size: out.length });
  run("pwrite64", [fd, memory(Buffer.from(out)), out.length, 5], {
    data: hex(out),
    fd,
    size: out.length,
    pos: 5,
  });
  run("writev", [fd, vector("one", "", "two"), 3], { res: 6, data: hex("onetwo"), fd, size: 6 });
  run("pwritev", [fd, vector("ab", "cde"), 2, 3], { res: 5, data: hex("abcde"), fd, size: 5, pos: 3 });
  run("write", [BAD_FD, memory(Buffer.from("lost")), 4], { res: -9, data: hex("lost"), fd: BAD_FD, size: 4 });
  run("lseek", [fd, 2, 0], { fd, offset: 2, whence: 0 });
  const into = (size: number): number => memory(Buffer.alloc(size));
  run("read", [fd, into(100), 4], { res: 4, data: hex("iabc"), fd, size: 4 });
  run("pread64", [fd, into(100), 3, 3], { res: 3, data: hex("abc"), fd, size: 3, pos: 3 });
  run("preadv", [fd, words(into(2), 2, into(9), 2), 2, 3], {
    res: 4,
    size: 4,
    data: hex("abcd"),
    fd,
    pos: 3,
  });
  call("lseek", fd, 3, 0);
  run("readv", [fd, words(into(2), 2, into(9), 1), 2], { res: 3, size: 3, data: hex("abc"), fd });
  const long = "x".repeat(200);
  run("write", [fd, memory(Buffer.from(long)), long.length], {
    res: 200,
    data: hex(long.slice(0, 80)),
    fd,
    size: 200,
  });
  const other = call("openat", AT_FDCWD, text(path("copy")), O_RDWR_CREAT, 0o644);
  run("sendfile", [other, fd, words(1), 4], { res: 4, offset: 5, out_fd: other, in_fd: fd, size: 4 });
  run("copy_file_range", [fd, 0, other, 0, 0, 0], { fdout: other, fdin: fd, len: 0 });
  const ends = Buffer.alloc(8);
  run("pipe2", [memory(ends), O_CLOEXEC], { flags: 0x1000 });
  expectEvent("SYSCALL_PIPE2_X", { fd1: ends.readInt32LE(0), fd2: ends.readInt32LE(4) });
  run("splice", [fd, 0, ends.readInt32LE(4), 0, 1, 2], {
    fd_in: fd,
    fd_out: ends.readInt32LE(4),
    size: 1,
    flags: 2,
  });
  const pipe = Buffer.alloc(8);
  if (run("pipe", [memory(pipe)]) === 0)
    expectEvent("SYSCALL_PIPE_X", { fd1: pipe.readInt32LE(0), fd2: pipe.readInt32LE(4) });
  run("process_vm_readv", [pid, words(into(3), 3), 1, vector("abc"), 1, 0], {
    res: 3,
    pid,
    data: hex("abc"),
  });
  run("process_vm_writev", [pid, vector("xyz"), 1, words(into(3), 3), 1, 0], {
    res: 3,
    pid,
    data: hex("xyz"),
  });
}
