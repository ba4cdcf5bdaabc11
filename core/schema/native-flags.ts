import { FLAG_TABLES, type FlagTableName } from "./flags.ts";

/**
 * How the kernel's values become the capture format's (flags.ts), for the live drivers. A `…_BITS` table translates bit
 * by bit, a `…_VALUES` table whole values. Tables whose values are the same on both sides are not here.
 */
export type NativePairs = readonly (readonly [native: number, recorded: number])[];

type ByMachine = Readonly<Record<"x86_64" | "aarch64", NativePairs>>;

function pairs(table: FlagTableName, native: Readonly<Record<string, number>>): NativePairs {
  const recorded = new Map(FLAG_TABLES[table]);
  return Object.entries(native).map(([name, value]) => {
    const found = recorded.get(name);
    if (found === undefined) throw new Error(`flag table ${table} has no ${name}`);
    return [value, found] as const;
  });
}

const OPEN_COMMON = {
  O_CREAT: 0o100,
  O_EXCL: 0o200,
  O_TRUNC: 0o1000,
  O_APPEND: 0o2000,
  O_NONBLOCK: 0o4000,
  O_DSYNC: 0o10000,
  O_CLOEXEC: 0o2000000,
  // The kernel's O_SYNC and O_TMPFILE include the bits of O_DSYNC and O_DIRECTORY; these are what is theirs alone.
  O_SYNC: 0o4000000,
  O_TMPFILE: 0o20000000,
};

/** open(2) without the access mode, which the record numbers from 1 instead of from 0. */
export const OPEN_BITS: ByMachine = {
  x86_64: pairs("file_flags", {
    ...OPEN_COMMON,
    O_DIRECT: 0o40000,
    O_LARGEFILE: 0o100000,
    O_DIRECTORY: 0o200000,
  }),
  aarch64: pairs("file_flags", {
    ...OPEN_COMMON,
    O_DIRECTORY: 0o40000,
    O_DIRECT: 0o200000,
    O_LARGEFILE: 0o400000,
  }),
};

/** The flags that calls creating descriptors share: accept4, eventfd2, inotify_init1, signalfd4, socket, … */
export const DESCRIPTOR_BITS = pairs("file_flags", { O_NONBLOCK: 0o4000, O_CLOEXEC: 0o2000000 });

/** clone(2), unshare(2), setns(2). */
export const CLONE_BITS = pairs("clone_flags", {
  CLONE_VM: 0x100,
  CLONE_FS: 0x200,
  CLONE_FILES: 0x400,
  CLONE_SIGHAND: 0x800,
  CLONE_PTRACE: 0x2000,
  CLONE_VFORK: 0x4000,
  CLONE_PARENT: 0x8000,
  CLONE_THREAD: 0x1_0000,
  CLONE_NEWNS: 0x2_0000,
  CLONE_SYSVSEM: 0x4_0000,
  CLONE_SETTLS: 0x8_0000,
  CLONE_PARENT_SETTID: 0x10_0000,
  CLONE_CHILD_CLEARTID: 0x20_0000,
  CLONE_UNTRACED: 0x80_0000,
  CLONE_CHILD_SETTID: 0x100_0000,
  CLONE_NEWCGROUP: 0x200_0000,
  CLONE_NEWUTS: 0x400_0000,
  CLONE_NEWIPC: 0x800_0000,
  CLONE_NEWUSER: 0x1000_0000,
  CLONE_NEWPID: 0x2000_0000,
  CLONE_NEWNET: 0x4000_0000,
  CLONE_IO: 0x8000_0000,
});

/** openat2(2)'s `resolve`. */
export const RESOLVE_BITS = pairs("openat2_flags", {
  RESOLVE_NO_XDEV: 1,
  RESOLVE_NO_MAGICLINKS: 2,
  RESOLVE_NO_SYMLINKS: 4,
  RESOLVE_BENEATH: 8,
  RESOLVE_IN_ROOT: 16,
  RESOLVE_CACHED: 32,
});

/** fcntl(2)'s command. */
export const FCNTL_VALUES = pairs("fcntl_commands", {
  F_DUPFD: 0,
  F_GETFD: 1,
  F_SETFD: 2,
  F_GETFL: 3,
  F_SETFL: 4,
  F_GETLK: 5,
  F_SETLK: 6,
  F_SETLKW: 7,
  F_SETOWN: 8,
  F_GETOWN: 9,
  F_SETSIG: 10,
  F_GETSIG: 11,
  F_GETLK64: 12,
  F_SETLK64: 13,
  F_SETLKW64: 14,
  F_SETOWN_EX: 15,
  F_GETOWN_EX: 16,
  F_OFD_GETLK: 36,
  F_OFD_SETLK: 37,
  F_OFD_SETLKW: 38,
  F_SETLEASE: 1024,
  F_GETLEASE: 1025,
  F_NOTIFY: 1026,
  F_CANCELLK: 1029,
  F_DUPFD_CLOEXEC: 1030,
  F_SETPIPE_SZ: 1031,
  F_GETPIPE_SZ: 1032,
});

const PTRACE_COMMON = {
  PTRACE_TRACEME: 0,
  PTRACE_PEEKTEXT: 1,
  PTRACE_PEEKDATA: 2,
  PTRACE_PEEKUSR: 3,
  PTRACE_POKETEXT: 4,
  PTRACE_POKEDATA: 5,
  PTRACE_POKEUSR: 6,
  PTRACE_CONT: 7,
  PTRACE_KILL: 8,
  PTRACE_SINGLESTEP: 9,
  PTRACE_ATTACH: 16,
  PTRACE_DETACH: 17,
  PTRACE_SYSCALL: 24,
  PTRACE_SYSEMU: 31,
  PTRACE_SYSEMU_SINGLESTEP: 32,
  PTRACE_SETOPTIONS: 0x4200,
  PTRACE_GETEVENTMSG: 0x4201,
  PTRACE_GETSIGINFO: 0x4202,
  PTRACE_SETSIGINFO: 0x4203,
  PTRACE_GETREGSET: 0x4204,
  PTRACE_SETREGSET: 0x4205,
  PTRACE_SEIZE: 0x4206,
  PTRACE_INTERRUPT: 0x4207,
  PTRACE_LISTEN: 0x4208,
  PTRACE_PEEKSIGINFO: 0x4209,
  PTRACE_GETSIGMASK: 0x420a,
  PTRACE_SETSIGMASK: 0x420b,
};

/** ptrace(2)'s request. */
export const PTRACE_VALUES: ByMachine = {
  x86_64: pairs("ptrace_requests", {
    ...PTRACE_COMMON,
    PTRACE_GETREGS: 12,
    PTRACE_SETREGS: 13,
    PTRACE_GETFPREGS: 14,
    PTRACE_SETFPREGS: 15,
    PTRACE_GETFPXREGS: 18,
    PTRACE_SETFPXREGS: 19,
    PTRACE_OLDSETOPTIONS: 21,
    PTRACE_GET_THREAD_AREA: 25,
    PTRACE_SET_THREAD_AREA: 26,
    PTRACE_ARCH_PRCTL: 30,
    PTRACE_SINGLEBLOCK: 33,
  }),
  aarch64: pairs("ptrace_requests", PTRACE_COMMON),
};

/** Requests whose data argument is a signal number. */
export const PTRACE_SIGNAL_REQUESTS = [
  "PTRACE_CONT",
  "PTRACE_SINGLESTEP",
  "PTRACE_DETACH",
  "PTRACE_SYSCALL",
] as const;

const MMAP_COMMON = {
  MAP_SHARED: 1,
  MAP_PRIVATE: 2,
  MAP_FIXED: 0x10,
  MAP_ANONYMOUS: 0x20,
  MAP_GROWSDOWN: 0x100,
  MAP_DENYWRITE: 0x800,
  MAP_EXECUTABLE: 0x1000,
  MAP_LOCKED: 0x2000,
  MAP_NORESERVE: 0x4000,
  MAP_POPULATE: 0x8000,
  MAP_NONBLOCK: 0x1_0000,
};

/** mmap(2)'s flags. */
export const MMAP_BITS: ByMachine = {
  x86_64: pairs("mmap_flags", { ...MMAP_COMMON, MAP_32BIT: 0x40 }),
  aarch64: pairs("mmap_flags", MMAP_COMMON),
};

/** mmap(2)'s and mprotect(2)'s protection. */
export const PROT_BITS = pairs("prot_flags", {
  PROT_READ: 1,
  PROT_WRITE: 2,
  PROT_EXEC: 4,
  PROT_SEM: 8,
  PROT_GROWSDOWN: 0x100_0000,
  PROT_GROWSUP: 0x200_0000,
});

/** poll(2)'s events. */
export const POLL_BITS = pairs("poll_flags", {
  POLLIN: 1,
  POLLPRI: 2,
  POLLOUT: 4,
  POLLERR: 8,
  POLLHUP: 0x10,
  POLLNVAL: 0x20,
  POLLRDNORM: 0x40,
  POLLRDBAND: 0x80,
  POLLWRNORM: 0x100,
  POLLWRBAND: 0x200,
  POLLRDHUP: 0x2000,
});

export const EPOLL_CREATE_BITS = pairs("epoll_create1_flags", { EPOLL_CLOEXEC: 0o2000000 });
export const PIDFD_OPEN_BITS = pairs("pidfd_open_flags", { PIDFD_NONBLOCK: 0o4000 });
export const DELETE_MODULE_BITS = pairs("delete_module_flags", { O_NONBLOCK: 0o4000, O_TRUNC: 0o1000 });

/** io_uring_setup(2)'s flags. */
export const IO_URING_SETUP_BITS = pairs("io_uring_setup_flags", {
  IORING_SETUP_IOPOLL: 1,
  IORING_SETUP_SQPOLL: 2,
  IORING_SETUP_SQ_AFF: 4,
  IORING_SETUP_CQSIZE: 8,
  IORING_SETUP_CLAMP: 16,
  // The format's name for IORING_SETUP_ATTACH_WQ.
  IORING_SETUP_ATTACH_RW: 32,
  IORING_SETUP_R_DISABLED: 64,
});

export const SEMOP_BITS = pairs("semop_flags", { IPC_NOWAIT: 0o4000, SEM_UNDO: 0x1000 });
export const SEMGET_BITS = pairs("semget_flags", { IPC_CREAT: 0o1000, IPC_EXCL: 0o2000 });

/** semctl(2)'s command. */
export const SEMCTL_VALUES = pairs("semctl_commands", {
  IPC_RMID: 0,
  IPC_SET: 1,
  IPC_STAT: 2,
  IPC_INFO: 3,
  GETPID: 11,
  GETVAL: 12,
  GETALL: 13,
  GETNCNT: 14,
  GETZCNT: 15,
  SETVAL: 16,
  SETALL: 17,
  SEM_STAT: 18,
  SEM_INFO: 19,
});

/** quotactl(2)'s command without the type in its low byte. */
export const QUOTACTL_VALUES = pairs("quotactl_cmds", {
  Q_SYNC: 0x80_0001,
  Q_QUOTAON: 0x80_0002,
  Q_QUOTAOFF: 0x80_0003,
  Q_GETFMT: 0x80_0004,
  Q_GETINFO: 0x80_0005,
  Q_SETINFO: 0x80_0006,
  Q_GETQUOTA: 0x80_0007,
  Q_SETQUOTA: 0x80_0008,
  Q_XQUOTAON: 0x5801,
  Q_XQUOTAOFF: 0x5802,
  Q_XGETQUOTA: 0x5803,
  Q_XSETQLIM: 0x5804,
  Q_XGETQSTAT: 0x5805,
  Q_XQUOTARM: 0x5806,
  Q_XQUOTASYNC: 0x5807,
});

export const QUOTA_TYPE_VALUES = pairs("quotactl_types", { USRQUOTA: 0, GRPQUOTA: 1 });
export const QUOTA_FORMAT_VALUES = pairs("quotactl_quota_fmts", {
  QFMT_VFS_OLD: 1,
  QFMT_VFS_V0: 2,
  QFMT_VFS_V1: 4,
});

/** The level of a socket option. */
export const SOCKOPT_LEVEL_VALUES = pairs("sockopt_levels", { SOL_SOCKET: 1, SOL_TCP: 6 });

/** Socket options of SOL_SOCKET whose numbers differ; those up to 50 are the same, others have no name. */
export const SOCKOPT_VALUES = pairs("sockopt_options", {
  SO_MEMINFO: 55,
  SO_COOKIE: 57,
  SO_PEERGROUPS: 59,
  SO_RCVTIMEO: 66,
  SO_SNDTIMEO: 67,
});
