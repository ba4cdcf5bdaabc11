// Makes each system call once, as harmlessly as its arguments allow, and prints what their events should hold.
import { type Pointer, toArrayBuffer } from "bun:ffi";
import { join } from "node:path";
import { call, eventOf, ints, memory, numberOf, text, words } from "./calls.ts";
import { compatCaller, forks } from "./machine-code.ts";

type Expected = Record<string, number | string>;

const dir = process.argv[2]!;
const pid = process.pid;
const expectations: { readonly event: string; readonly params: Expected }[] = [];

/** What a call's event should hold, bytes as hex digits behind "hex:". */
function expectEvent(event: string, params: Expected): void {
  expectations.push({ event, params });
}

/** Makes a call where the machine has it and expects the result in `into` beside `params`. */
function run(name: string, args: readonly number[], params: Expected = {}, into = "res"): number {
  if (numberOf(name) < 0) return -1;
  const result = call(name, ...args);
  expectEvent(eventOf(name), into ? { [into]: result, ...params } : params);
  return result;
}

const hex = (bytes: Uint8Array | string): string => `hex:${Buffer.from(bytes).toString("hex")}`;
const wordsOf = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(8 * values.length);
  values.forEach((value, i) => {
    bytes.writeBigInt64LE(BigInt(value), 8 * i);
  });
  return bytes;
};

const AT_FDCWD = -100;
const O_RDWR_CREAT = 0o102;
const O_CLOEXEC = 0o2000000;
const BAD_FD = 999;
const file = join(dir, "file");
const path = (name: string): string => join(dir, name);

function files(): void {
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

/** Two iovecs. */
function vector(...parts: readonly string[]): number {
  return words(...parts.flatMap((part) => [part ? memory(Buffer.from(part)) : 0, part.length]));
}

function data(): void {
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

function sockets(): void {
  const AF_UNIX = 1;
  const SOCK_DGRAM = 2;
  const pair = Buffer.alloc(8);
  run("socketpair", [AF_UNIX, SOCK_DGRAM, 0, memory(pair)], { domain: AF_UNIX, type: SOCK_DGRAM, proto: 0 });
  const [a, b] = [pair.readInt32LE(0), pair.readInt32LE(4)];
  expectEvent("SOCKET_SOCKETPAIR_X", { fd1: a, fd2: b });
  const into = (size: number): number => memory(Buffer.alloc(size));
  run("sendto", [a, memory(Buffer.from("hello")), 5, 0, 0, 0], {
    res: 5,
    data: hex("hello"),
    fd: a,
    size: 5,
  });
  run("recvfrom", [b, into(99), 99, 0, 0, 0], { res: 5, data: hex("hello"), fd: b, size: 99 });
  const header = (iov: number, count: number, control = 0, length = 0): readonly number[] => [
    0,
    0,
    iov,
    count,
    control,
    length,
    0,
  ];
  run("sendmsg", [a, words(...header(vector("he", "llo"), 2)), 0], {
    res: 5,
    data: hex("hello"),
    fd: a,
    size: 5,
  });
  run("recvmsg", [b, words(...header(words(into(3), 3, into(9), 9), 2)), 0], {
    res: 5,
    size: 5,
    data: hex("hello"),
    fd: b,
  });
  const two = words(...header(vector("first"), 1), 0, ...header(vector("second"), 1), 0);
  run("sendmmsg", [a, two, 2, 0], { res: 5, fd: a, size: 5, data: hex("first") });
  expectEvent("SOCKET_SENDMMSG_X", { res: 6, fd: a, size: 6, data: hex("second") });
  const slots = words(...header(words(into(9), 9), 1), 0, ...header(words(into(9), 9), 1), 0);
  run("recvmmsg", [b, slots, 2, 0, 0], { res: 5, fd: b, size: 5, data: hex("first") });
  expectEvent("SOCKET_RECVMMSG_X", { res: 6, fd: b, size: 6, data: hex("second") });
  run("recvmmsg", [b, slots, 2, 0x40, 0], { res: -11, fd: b, size: 0 });
  passDescriptor(a, b, header);

  const server = run("socket", [2, 1, 0], { domain: 2, type: 1, proto: 0 }, "fd");
  const any = Buffer.alloc(16);
  any.writeUInt16LE(2);
  any.set([127, 0, 0, 1], 4);
  run("bind", [server, memory(any), 16], { fd: server, addr: `hex:027f0000010000` });
  run("listen", [server, 5], { fd: server, backlog: 5 });
  const bound = Buffer.alloc(16);
  run("getsockname", [server, memory(bound), ints(16)], {}, "");
  const client = call("socket", 2, 1, 0);
  const port = bound.subarray(2, 4);
  const address = Buffer.concat([Buffer.from([2, 127, 0, 0, 1]), Buffer.from([port[1]!, port[0]!])]);
  run("connect", [client, memory(bound), 16], { fd: client, addr: hex(address) });
  run("accept", [server, 0, 0], { queuemax: 5, queuelen: 0 }, "fd");
  const second = call("socket", 2, 1, 0);
  call("connect", second, memory(bound), 16);
  run("accept4", [server, 0, 0, O_CLOEXEC], { flags: 0x1000 }, "fd");
  run("getpeername", [client, into(16), ints(16)], {}, "");
  run("setsockopt", [client, 1, 9, ints(1), 4], {
    fd: client,
    level: 1,
    optname: 9,
    val: "hex:0201000000",
    optlen: 4,
  });
  const time = wordsOf(2, 500);
  run("setsockopt", [client, 1, 20, memory(time), 16], {
    optname: 20,
    val: `hex:04${wordsOf(2_000_500_000).toString("hex")}`,
  });
  run("getsockopt", [client, 1, 4, ints(0), ints(4)], {
    fd: client,
    level: 1,
    optname: 4,
    val: `hex:01${"00".repeat(8)}`,
    optlen: 4,
  });
  run("getsockopt", [client, 6, 1, ints(0), ints(4)], {
    level: 2,
    optname: 0,
    val: "hex:0000000000",
    optlen: 4,
  });
  run("shutdown", [client, 2], { fd: client, how: 2 });
}

/** A descriptor sent along: the receiver's event holds the control message. */
function passDescriptor(
  a: number,
  b: number,
  header: (...args: [number, number, number, number]) => readonly number[],
): void {
  const SCM_RIGHTS = [1, 1];
  const control = Buffer.alloc(24);
  control.writeUInt32LE(20);
  control.writeInt32LE(SCM_RIGHTS[0]!, 8);
  control.writeInt32LE(SCM_RIGHTS[1]!, 12);
  control.writeInt32LE(1, 16);
  call("sendmsg", a, words(...header(vector("fd"), 1, memory(control), 24)), 0);
  const received = Buffer.alloc(24);
  run("recvmsg", [b, words(...header(words(memory(Buffer.alloc(9)), 9), 1, memory(received), 24)), 0], {
    res: 2,
    data: hex("fd"),
  });
  expectEvent("SOCKET_RECVMSG_X", { fd: b, msgcontrol: hex(received) });
}

function descriptors(): void {
  const NONBLOCK = 0o4000;
  run("eventfd", [3], { initval: 3, flags: 0 });
  run("eventfd2", [4, NONBLOCK], { initval: 4, flags: 64 });
  run("signalfd", [-1, words(0), 8], { fd: -1, mask: 0, flags: 0 });
  run("signalfd4", [-1, words(0), 8, NONBLOCK], { fd: -1, flags: 64 });
  run("timerfd_create", [1, 0], { clockid: 1, flags: 0 });
  run("inotify_init", [], { flags: 0 });
  run("inotify_init1", [NONBLOCK], { flags: 64 });
  run("epoll_create", [7], { size: 7 });
  const epoll = run("epoll_create1", [O_CLOEXEC], { flags: 1 });
  run("epoll_wait", [epoll, memory(Buffer.alloc(64)), 3, 0], { res: 0, maxevents: 3 });
  run("memfd_create", [text("memory"), 1], { name: "memory", flags: 1 }, "fd");
  run("pidfd_open", [pid, 0], { pid, flags: 0 }, "fd");
  run("pidfd_getfd", [BAD_FD, 1, 0], { pid_fd: BAD_FD, target_fd: 1, flags: 0 }, "fd");
  run("userfaultfd", [1], { flags: 1 });
  const ring = run("io_uring_setup", [4, memory(Buffer.alloc(120))], { entries: 4, flags: 0 });
  run("io_uring_enter", [ring, 0, 0, 0, 0], { fd: ring, to_submit: 0, min_complete: 0, flags: 0, sig: 0 });
  run("io_uring_register", [ring, 1, 0, 0], { fd: ring, opcode: 1, arg: 0, nr_args: 0 });
}

function memoryCalls(): void {
  const PAGE = 4096;
  run("brk", [0], { addr: 0 });
  const area = run("mmap", [0, PAGE, 3, 0x22, -1, 0], {
    length: PAGE,
    prot: 3,
    flags: 2 | 8,
    fd: -1,
    offset: 0,
  });
  run("mprotect", [area, PAGE, 1], { addr: area, length: PAGE, prot: 1 });
  run("mlock", [area, PAGE], { addr: area, len: PAGE });
  run("mlock2", [area, PAGE, 1], { addr: area, len: PAGE, flags: 1 });
  run("munlock", [area, PAGE], { addr: area, len: PAGE });
  run("munmap", [area, PAGE], { addr: area, length: PAGE });
  run("mlockall", [8], { flags: 0 });
  run("munlockall", []);
}

function waiting(): void {
  const entry = Buffer.alloc(16);
  entry.writeInt32LE(1, 0);
  entry.writeInt16LE(4, 4);
  entry.writeInt32LE(BAD_FD, 8);
  const invalid = `0200${wordsOf(1).toString("hex")}`;
  const ready = call("poll", memory(Buffer.from(entry)), 2, 0);
  const answered = Buffer.from(entry);
  run("poll", [memory(answered), 2, 0], { res: ready, timeout: 0 });
  expectEvent("SYSCALL_POLL_X", { fds: pollList(answered) });
  expectEvent("SYSCALL_POLL_X", {
    fds: `${`hex:${invalid}`}${pollList(answered).slice(4 + invalid.length)}`,
  });
  run("ppoll", [memory(entry), 2, words(0, 5), words(0x10), 8], { res: ready, sigmask: 0x10 });
  run("select", [0, 0, 0, 0, words(0, 0)], { res: 0 });
  run("nanosleep", [words(0, 1000), 0], { res: 0, interval: 1000 });
  run("futex", [memory(Buffer.alloc(8)), 1 | 128, 9], { res: 0, op: 1, val: 9 });
  run("kill", [pid, 0], { pid, sig: 0 });
  run("tkill", [pid, 0], { tid: pid, sig: 0 });
  run("tgkill", [pid, pid, 0], { pid, tid: pid, sig: 0 });
  const set = run("semget", [0, 2, 0o1600], { key: 0, nsems: 2, semflg: 0x2000 });
  run("semctl", [set, 1, 16, 5], { semid: set, semnum: 1, cmd: 4096, val: 5 });
  run("semop", [set, memory(new Uint8Array(new Int16Array([1, -2, 0o4000, 0, 3, 0]).buffer)), 2], {
    res: 0,
    nsops: 2,
    sem_num_0: 1,
    sem_op_0: -2,
    sem_flg_0: 1,
    sem_num_1: 0,
    sem_op_1: 3,
    sem_flg_1: 0,
    semid: set,
  });
  call("semctl", set, 0, 0, 0);
}

/** struct pollfd entries as the record lists them; only the first events, whose numbers are the same. */
function pollList(entries: Buffer): string {
  const list = Buffer.alloc(2 + 10 * (entries.length / 8));
  list.writeUInt16LE(entries.length / 8);
  for (let i = 0; i * 8 < entries.length; i++) {
    const answer = entries.readUInt16LE(8 * i + 6);
    list.writeBigInt64LE(BigInt(entries.readInt32LE(8 * i)), 2 + 10 * i);
    list.writeUInt16LE(
      (answer & 7) | (answer & 8 ? 16 : 0) | (answer & 16 ? 32 : 0) | (answer & 32 ? 64 : 0),
      10 + 10 * i,
    );
  }
  return hex(list);
}

function identity(): void {
  run("setuid", [0], { uid: 0 });
  run("setgid", [0], { gid: 0 });
  run("setreuid", [0, 0], { ruid: 0, euid: 0 });
  run("setregid", [0, 0], { rgid: 0, egid: 0 });
  run("setresuid", [0, 0, 0], { ruid: 0, euid: 0, suid: 0 });
  run("setresgid", [0, 0, 0], { rgid: 0, egid: 0, sgid: 0 });
  run("getuid", [], {}, "uid");
  run("geteuid", [], {}, "euid");
  run("getgid", [], {}, "gid");
  run("getegid", [], {}, "egid");
  run("getresuid", [ints(0), ints(0), ints(0)], { ruid: 0, euid: 0, suid: 0 });
  run("getresgid", [ints(0), ints(0), ints(0)], { rgid: 0, egid: 0, sgid: 0 });
  run("capset", [0, 0]);
  run("setsid", []);
  run("setpgid", [0, 0], { pid: 0, pgid: 0 });
  run("unshare", [0x200], { flags: 2 });
  run("setns", [BAD_FD, 0x2000_0000], { fd: BAD_FD });
  run("prctl", [37, ints(0)], { option: 37, arg2_int: 0 });
  run("ptrace", [16, 0x3ff_ffff, 0, 0], { pid: 0x3ff_ffff });
}

function system(): void {
  const limits = Buffer.alloc(16);
  run("getrlimit", [7, memory(limits)], { resource: 7 });
  const cur = Number(limits.readBigInt64LE(0));
  expectEvent("SYSCALL_GETRLIMIT_X", { cur, max: Number(limits.readBigInt64LE(8)) });
  run("setrlimit", [7, memory(limits)], { res: 0, cur, resource: 7 });
  run("prlimit64", [0, 7, 0, memory(Buffer.alloc(16))], {
    res: 0,
    oldcur: cur,
    newcur: 0,
    pid: 0,
    resource: 7,
  });
  run("bpf", [99, 0, 0], { cmd: 99 }, "fd");
  run("seccomp", [2, 0, ints(0x7fff_0000)], { op: 2, flags: 0 });
  const image = "not a module";
  run("init_module", [memory(Buffer.from(image)), image.length, text("a=1")], {
    img: hex(image),
    length: image.length,
    uargs: "a=1",
  });
  run("finit_module", [BAD_FD, text("b=2"), 1], { fd: BAD_FD, uargs: "b=2", flags: 1 });
  run("delete_module", [text("no_such_module"), 0o4000], { name: "no_such_module", flags: 2 });
  const dyn = (value: number): string => `hex:00${wordsOf(value).toString("hex")}`;
  run("keyctl", [0, -3, 0], { operation: 0, arg2: dyn(-3), arg3: dyn(0), arg4: dyn(0), arg5: dyn(0) });
  run("keyctl", [10, 1, text("user"), text("name"), 2], {
    operation: 10,
    arg2: dyn(1),
    arg3: `hex:01${Buffer.from("user\0").toString("hex")}`,
    arg5: dyn(2),
  });
  run("getpid", [], { nativeID: numberOf("getpid") }, "");
  run("sched_yield", [], { nativeID: numberOf("sched_yield") }, "");
}

function processes(): void {
  run("clone3", [0, 0], {});
  run("execve", [text(path("missing")), words(text("missing"), 0), words(0)], {
    exe: "missing",
    filename: path("missing"),
  });
  run("execveat", [AT_FDCWD, text(path("missing")), words(text("gone"), 0), words(0), 0], { exe: "gone" });
  for (const { name, child } of forks()) expectEvent(eventOf(name), { res: child, tid: pid, pid });
  Bun.spawnSync(["true"]);
}

/** Calls of 32-bit programs, by their numbers there; addresses must lie low. */
function compatCalls(): void {
  const compat = compatCaller();
  if (!compat) return;
  const MAP_32BIT = 0x40;
  const low = call("mmap", 0, 4096, 3, 0x22 | MAP_32BIT, -1, 0);
  const bytes = Buffer.from(toArrayBuffer(low as Pointer, 0, 4096));
  bytes.write(`${file}\0`, 0);
  const name = { path: file };
  const opened = compat(5, low, 0, 0);
  expectEvent("SYSCALL_OPEN_X", { fd: opened, name: file, flags: 1 });
  expectEvent("SYSCALL_LLSEEK_X", {
    res: compat(140, opened, 1, 2, low + 1024, 0),
    fd: opened,
    offset: 2 ** 32 + 2,
    whence: 0,
  });
  expectEvent("SYSCALL_STAT64_X", { res: compat(195, low, low + 1024), ...name });
  expectEvent("SYSCALL_LSTAT64_X", { res: compat(196, low, low + 1024), ...name });
  expectEvent("SYSCALL_FSTAT64_X", { res: compat(197, opened, low + 1024) });
  expectEvent("SYSCALL_UMOUNT_1_X", { res: compat(22, low), name: file });
  const area = compat(192, 0, 4096, 3, 0x22, -1);
  expectEvent("SYSCALL_MMAP2_X", { res: area >>> 0, length: 4096, prot: 3, fd: -1 });
  bytes.write("sent low", 512);
  const vector = new Uint32Array([low + 512, 4, low + 516, 4]);
  bytes.set(new Uint8Array(vector.buffer), 1024);
  const sink = call("openat", AT_FDCWD, text(path("low")), O_RDWR_CREAT, 0o600);
  expectEvent("SYSCALL_WRITEV_X", {
    res: compat(146, sink, low + 1024, 2),
    data: hex("sent low"),
    fd: sink,
    size: 8,
  });
  socketCalls(compat, low, bytes);
}

/** socketcall(2): the call's number and the address of its arguments. */
function socketCalls(compat: (...args: number[]) => number, low: number, bytes: Buffer): void {
  const SOCKETCALL = 102;
  const socketcall = (number: number, ...args: number[]): number => {
    bytes.set(new Uint8Array(new Uint32Array(args.map((value) => value >>> 0)).buffer), 2048);
    return compat(SOCKETCALL, number, low + 2048);
  };
  socketcall(8, 1, 2, 0, low + 256);
  const [a, b] = [bytes.readInt32LE(256), bytes.readInt32LE(260)];
  expectEvent("SOCKET_SOCKETPAIR_X", { res: 0, fd1: a, fd2: b, domain: 1, type: 2, proto: 0 });
  expectEvent("SOCKET_SEND_X", {
    res: socketcall(9, a, low + 512, 8, 0),
    fd: a,
    size: 8,
    data: hex("sent low"),
  });
  expectEvent("SOCKET_RECV_X", {
    res: socketcall(10, b, low + 768, 100, 0),
    fd: b,
    size: 100,
    data: hex("sent low"),
  });
  // struct msghdr of 32-bit words: name, its length, iovecs, their number, control, its length, flags
  bytes.set(new Uint8Array(new Uint32Array([0, 0, low + 1024, 2, 0, 0, 0]).buffer), 1100);
  expectEvent("SOCKET_SENDMSG_X", {
    res: socketcall(16, a, low + 1100, 0),
    fd: a,
    size: 8,
    data: hex("sent low"),
  });
}

for (const group of [
  files,
  data,
  sockets,
  descriptors,
  memoryCalls,
  waiting,
  identity,
  system,
  processes,
  compatCalls,
])
  group();
process.stdout.write(JSON.stringify(expectations));
process.exit(0);
