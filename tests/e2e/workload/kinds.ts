// Does the same calls on descriptors of all kinds, made in all ways. Arguments: a directory, and a way.
import { closeSync, constants, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { call, ints, memory, text, words } from "./calls.ts";
import { IoRing } from "./io-ring.ts";

const [dir = "", way = "all"] = process.argv.slice(2);
const ROUNDS = 60;
const LOOK_UP_MS = 1500;
const SETTLE_MS = 200;
const AT_FDCWD = -100;
const { O_RDWR, O_CREAT, O_NONBLOCK, O_DIRECTORY } = constants;
const O_PATH = 0o10000000;
const O_TMPFILE = 0o20000000 | O_DIRECTORY;
const FIONREAD = 0x541b;
const F_DUPFD = 0;
const F_DUPFD_CLOEXEC = 1030;
const [AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_ALG] = [1, 2, 10, 16, 17, 38];
const [SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_NONBLOCK] = [1, 2, 3, 0o4000];
const path = (name: string): number => text(join(dir, name));
const nothing = new Uint8Array(64);
const oneByte = words(memory(nothing), 1);

/** What rules ask of: calls that state learns nothing from, and reading and writing. Some fail. */
function use(...fds: readonly number[]): void {
  for (const fd of fds.filter((one) => one >= 0)) {
    for (let i = 0; i < ROUNDS; i++) {
      call("lseek", fd, 0, 1);
      call("ioctl", fd, FIONREAD, memory(nothing));
      call("flock", fd, 8);
      call("readv", fd, oneByte, 0);
      call("pwrite64", fd, memory(nothing), 0, 0);
      call("write", fd, memory(nothing), 0);
    }
    call("getdents64", fd, memory(nothing), 0);
    call("listen", fd, 1);
    call("fchmod", fd, 0o600);
  }
}

const openat = (name: string, flags: number): number => call("openat", AT_FDCWD, path(name), flags, 0o600);
const pair = (make: (at: number) => number): number[] => {
  const fds = new Int32Array(2);
  return make(memory(new Uint8Array(fds.buffer))) < 0 ? [] : [...fds];
};
const pipe = (): number[] => pair((at) => call("pipe2", at, O_NONBLOCK));
const socketpair = (): number[] =>
  pair((at) => call("socketpair", AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, at));
const socket = (family: number, type: number): number => call("socket", family, type | SOCK_NONBLOCK, 0);
const close = (...fds: readonly number[]): void => {
  for (const fd of fds) call("close", fd);
};

/** The next numbers have been those of files. */
function wereFiles(): void {
  close(...Array.from({ length: 8 }, () => openat("file", O_RDWR)));
}

function files(): void {
  const fds = [
    openat("file", O_RDWR),
    call("creat", path("created"), 0o600),
    call("openat2", AT_FDCWD, path("file"), words(O_RDWR, 0n, 0n), 24),
    openat(".", O_TMPFILE | O_RDWR),
    openat(".", O_DIRECTORY),
    openat(".", 0),
    call("openat2", AT_FDCWD, path("."), words(O_DIRECTORY, 0n, 0n), 24),
    openat("file", O_PATH),
    openat("fifo", O_RDWR | O_NONBLOCK),
    call("open", text("/dev/null"), O_RDWR),
    call("open", text("/proc/self/stat"), 0),
    call("memfd_create", text("kept"), 0),
  ];
  use(...fds);
  close(...fds);
}

function others(): void {
  const fds = [
    ...pipe(),
    call("eventfd2", 0, O_NONBLOCK),
    call("epoll_create1", 0),
    call("timerfd_create", 1, O_NONBLOCK),
    call("signalfd4", -1, memory(nothing), 8, O_NONBLOCK),
    call("inotify_init1", O_NONBLOCK),
    call("pidfd_open", process.pid, 0),
    call("userfaultfd", O_NONBLOCK),
    // BPF_MAP_CREATE of an array of one int.
    call("bpf", 0, ints(2, 4, 4, 1, 0), 20),
    call("fanotify_init", 2, 0),
    call("perf_event_open", memory(nothing), 0, -1, -1, 0),
    call("io_uring_setup", 2, memory(new Uint8Array(120))),
  ];
  use(...fds);
  close(...fds);
}

function address4(port: number): Uint8Array {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16LE(AF_INET);
  bytes.writeUInt16BE(port, 2);
  bytes.set([127, 0, 0, 1], 4);
  return bytes;
}

function address6(port: number, isMapped: boolean): Uint8Array {
  const bytes = Buffer.alloc(28);
  bytes.writeUInt16LE(AF_INET6);
  bytes.writeUInt16BE(port, 2);
  if (isMapped) bytes.set([0xff, 0xff, 127, 0, 0, 1], 18);
  else bytes[23] = 1;
  return bytes;
}

function portOf(fd: number): number {
  const bytes = Buffer.alloc(28);
  call("getsockname", fd, memory(bytes), ints(28));
  return bytes.readUInt16BE(2);
}

/** A client and a server of the address, and what goes over them. */
function connection(type: number, bound: Uint8Array, addressOf: (port: number) => Uint8Array): void {
  const server = socket(bound[0]!, type);
  call("bind", server, memory(bound), bound.length);
  call("listen", server, 4);
  const far = addressOf(portOf(server));
  const client = socket(far[0]!, type);
  use(client, server);
  wereFiles();
  call("connect", client, memory(far), far.length);
  const accepted = type === SOCK_STREAM ? call("accept4", server, 0, 0, SOCK_NONBLOCK) : -1;
  call("sendto", client, memory(nothing), 4, 0, 0, 0);
  call(
    "recvfrom",
    accepted < 0 ? server : accepted,
    memory(nothing),
    8,
    0,
    memory(Buffer.alloc(28)),
    ints(28),
  );
  use(client, server, accepted);
  close(client, accepted, server);
}

/** A datagram socket that nothing is known of but what is sent. */
function unconnected(far: Uint8Array): void {
  const fd = socket(far[0]!, SOCK_DGRAM);
  call("sendto", fd, memory(nothing), 4, 0, memory(far), far.length);
  use(fd);
  close(fd);
}

function sockets(): void {
  for (const [family, type] of [
    [AF_INET, SOCK_STREAM],
    [AF_INET6, SOCK_DGRAM],
    [AF_UNIX, SOCK_DGRAM],
    [AF_NETLINK, SOCK_RAW],
    [AF_PACKET, SOCK_DGRAM],
    [AF_INET, SOCK_RAW],
    [AF_ALG, 5],
  ] as const) {
    const fd = socket(family, type);
    use(fd);
    close(fd);
  }
  const ends = socketpair();
  use(...ends);
  call("sendto", ends[0]!, memory(nothing), 4, 0, 0, 0);
  call("recvfrom", ends[1]!, memory(nothing), 8, 0, 0, 0);
  use(...ends);
  close(...ends);
  for (const type of [SOCK_STREAM, SOCK_DGRAM]) {
    connection(type, address4(0), address4);
    connection(type, address6(0, false), (port) => address6(port, false));
    // What is bound to all addresses of IPv6 takes IPv4 too.
    connection(type, Buffer.from([AF_INET6, ...new Uint8Array(27)]), (port) => address6(port, true));
    connection(type, Buffer.from([AF_INET6, ...new Uint8Array(27)]), address4);
  }
  for (const far of [address4(9), address6(9, false), address6(9, true)]) unconnected(far);
}

/** In place of others, of each kind by another. */
function copies(): void {
  const file = openat("file", O_RDWR);
  const inet = socket(AF_INET, SOCK_STREAM);
  const [out = -1, into = -1] = pipe();
  use(call("dup", inet), call("fcntl", out, F_DUPFD, 40), call("fcntl", file, F_DUPFD_CLOEXEC, 50));
  use(call("dup2", inet, 60), call("dup2", file, 60), call("dup3", into, 60, 0), call("dup2", inet, 60));
  use(call("dup2", file, file), call("dup2", out, 300), 60, 300);
  // Of a kind that is known, until it becomes another.
  const target = openat("file", O_RDWR);
  for (const [name, from] of [
    ["dup2", inet],
    ["dup3", into],
    ["dup2", file],
    ["dup3", inet],
  ] as const) {
    use(call(name, from, target, 0));
  }
  close(target);
  wereFiles();
  use(call("dup", inet));
  close(target);
  wereFiles();
  use(call("fcntl", out, F_DUPFD, target));
  close(target);
  call("close_range", 40, 70, 0);
  use(60, openat("file", O_RDWR), call("dup2", inet, 60));
  close(60, 300, file, inet, out, into);
}

const CMSG = { header: 16, solSocket: 1, rights: 1 } as const;

/** Sends descriptors over a unix socket, and takes them. */
function pass(...fds: readonly number[]): number[] {
  const [from = -1, to = -1] = socketpair();
  const control = Buffer.alloc(CMSG.header + 4 * fds.length);
  control.writeUInt32LE(control.length, 0);
  control.writeInt32LE(CMSG.solSocket, 8);
  control.writeInt32LE(CMSG.rights, 12);
  fds.forEach((fd, i) => void control.writeInt32LE(fd, CMSG.header + 4 * i));
  const message = (bytes: Uint8Array): number =>
    words(0, 0, words(memory(Buffer.alloc(8)), 1), 1, memory(bytes), bytes.length, 0);
  call("sendmsg", from, message(control), 0);
  const got = Buffer.alloc(64);
  call("recvmsg", to, message(got), 0);
  // Until whoever watches has asked what they are.
  Bun.sleepSync(LOOK_UP_MS);
  close(from, to);
  return fds.map((_, i) => got.readInt32LE(CMSG.header + 4 * i));
}

/** What comes from where no event tells what it is. */
function strange(): void {
  const file = openat("file", O_RDWR);
  const inet = socket(AF_INET, SOCK_DGRAM);
  // As /proc lists it only then.
  call("bind", inet, memory(address4(0)), 16);
  wereFiles();
  const passed = pass(inet, file);
  use(...passed, openat("file", O_RDWR));
  close(...passed);
  wereFiles();
  const pidfd = call("pidfd_open", process.pid, 0);
  const got = call("pidfd_getfd", pidfd, inet, 0);
  use(got);
  close(got, pidfd);
  const ring = IoRing.open();
  if (ring) {
    // Files become sockets, and back, unseen.
    for (const first of [openat("file", O_RDWR), call("dup", file)]) {
      use(first);
      ring.close(first);
      const second = ring.socket(AF_INET, SOCK_STREAM);
      use(second);
      call("sendto", second, memory(nothing), 1, 0, memory(address4(9)), 16);
      use(second, call("dup2", second, 70));
      ring.close(second);
      const third = ring.openat(path("file"));
      use(third, call("dup2", third, 70), call("dup", third));
    }
  }
  use(file, inet);
}

/** Descriptors that a new process has from its parent, who changes its own meanwhile. */
function inherited(): void {
  const script = [
    `exec 3<${dir}/file 4<>${dir}/fifo 5<${dir}`,
    "for i in 1 2 3 4 5 6 7 8 9 10; do (read a <&3; read b <&3; true); cat <&3 >/dev/null; exec 6<&3 3<&5; (read d <&3; cat <&6 >/dev/null); exec 3<&6; echo a >&4; (read e <&4); done",
    "true | cat | cat >/dev/null",
    "cat /dev/null | (exec 7>&1 1>/dev/null; echo a; echo b >&7) | cat >/dev/null",
  ].join("\n");
  const stdin = openSync(join(dir, "file"), "r");
  for (let i = 0; i < 5; i++) {
    const { exitCode } = Bun.spawnSync(["sh", "-c", script], { stdin, stdout: "pipe", stderr: "inherit" });
    if (exitCode !== 0) throw new Error(`sh ended with ${exitCode}`);
  }
  closeSync(stdin);
}

/** A file that becomes a socket and then a file again, a step for each line that comes in. */
function steps(): void {
  const wait = (): void => void readSync(0, Buffer.alloc(16));
  wait();
  const fd = openat("file", O_RDWR);
  use(fd);
  wait();
  close(fd);
  use(socket(AF_INET, SOCK_STREAM));
  wait();
  use(fd);
  close(fd);
  use(openat("file", O_RDWR));
}

function again(name: string): void {
  const self = [process.execPath, import.meta.path, dir, name];
  const { exitCode } = Bun.spawnSync(self, { stderr: "inherit", stdout: "ignore" });
  if (exitCode !== 0) throw new Error(`${name} ended with ${exitCode}`);
}

// Until Bun's own threads have opened and closed what they need: of calls at the same time nobody knows the order.
Bun.sleepSync(SETTLE_MS);
const WAYS: Readonly<Record<string, () => void>> = { files, others, sockets, copies, strange, inherited };
if (way === "steps") steps();
else if (way === "all") for (const name of Object.keys(WAYS)) again(name);
else WAYS[way]!();
call("openat", AT_FDCWD, path("created"), O_RDWR | O_CREAT, 0o600);
process.exit(0);
