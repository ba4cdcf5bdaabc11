import { Fd } from "../../../state/fd.ts";
import { isInet } from "../../../state/fd-kind.ts";
import type { State } from "../../../state/state.ts";
import { Thread } from "../../../state/thread.ts";
import { Shape, type Table, type TableField, TYPE, type Value, type ValueType } from "./table.ts";

const { int64, uint8, uint16, uint32, uint64, string, bool, table } = TYPE;

/** Keys of threads that hold a value as it is. */
type Plain = {
  [K in keyof Thread]: Thread[K] extends number | bigint | string | boolean ? K : never;
}[keyof Thread];

const own = (name: string, type: ValueType, key: Plain): TableField => ({
  name,
  type,
  read: (entry) => (entry as Thread)[key],
  write: (entry, value) => {
    const thread: Record<string, unknown> = entry as Thread & Record<string, unknown>;
    const isWide = typeof thread[key] === "bigint";
    thread[key] = isWide
      ? BigInt(value as number | bigint)
      : typeof value === "bigint"
        ? Number(value)
        : value;
  },
});

/** A list of texts as a table: its key is the place in the list. */
function textTable(name: string, shape: Shape, texts: readonly string[]): Table {
  const at = (index: number): object | undefined =>
    index >= 0 && index < texts.length ? { text: texts[index]! } : undefined;
  return {
    name,
    keyType: uint64,
    shape,
    size: texts.length,
    get: (key) => at(Number(key)),
    entries: () => texts.map((text) => ({ text })),
    blank: () => ({ text: "" }),
  };
}

const textOf = (entry: object): string => (entry as { text: string }).text;
const WORDS = new Shape([{ name: "value", type: string, read: textOf }], "fixed");
/** `subsystem=path` */
const CGROUPS = new Shape(
  [
    { name: "first", type: string, read: (entry) => textOf(entry).split("=")[0] },
    { name: "second", type: string, read: (entry) => textOf(entry).replace(/^[^=]*=/, "") },
  ],
  "fixed",
);

interface FdEntry {
  readonly number: number;
  readonly fd: Fd;
}

const fdField = (
  name: string,
  type: ValueType,
  read: (fd: Fd, number: number) => Value | undefined,
): TableField => ({
  name,
  type,
  read: (entry) => read((entry as FdEntry).fd, (entry as FdEntry).number),
});

/** An IPv4 address as it lies in memory. */
const ipv4 = (ip: Uint8Array | undefined): number | undefined =>
  ip?.length === 4 ? Buffer.from(ip).readUInt32LE(0) : undefined;
const v4 = (fd: Fd) => (isInet(fd.kind) && fd.ends?.sourceIp.length === 4 ? fd.ends : undefined);
const v6 = (fd: Fd) => (isInet(fd.kind) && fd.ends?.sourceIp.length === 16 ? fd.ends : undefined);

const FDS = new Shape(
  [
    fdField("type", uint8, (fd) => fd.kind & 0xff),
    fdField("open_flags", uint32, (fd) => fd.openFlags),
    fdField("name", string, (fd) => fd.name),
    fdField("name_raw", string, (fd) => fd.nameRaw),
    fdField("old_name", string, (fd) => fd.oldName),
    fdField("dev", uint32, (fd) => fd.dev),
    fdField("mount_id", uint32, (fd) => fd.mountId),
    fdField("ino", uint64, (fd) => fd.ino),
    fdField("pid", int64, (fd) => fd.pid),
    fdField("fd", int64, (_, number) => number),
    fdField("socket_ipv4_src_ip", uint32, (fd) => ipv4(v4(fd)?.sourceIp)),
    fdField("socket_ipv4_dest_dip", uint32, (fd) => ipv4(v4(fd)?.destIp)),
    fdField("socket_ipv4_src_port", uint16, (fd) => v4(fd)?.sourcePort),
    fdField("socket_ipv4_dst_port", uint16, (fd) => v4(fd)?.destPort),
    fdField("socket_ipv4_l4_proto", uint8, (fd) => (v4(fd) ? fd.l4 : undefined)),
    fdField("socket_ipv6_src_port", uint16, (fd) => v6(fd)?.sourcePort),
    fdField("socket_ipv6_dst_port", uint16, (fd) => v6(fd)?.destPort),
    fdField("socket_ipv6_l4_proto", uint8, (fd) => (v6(fd) ? fd.l4 : undefined)),
    fdField("socket_unix_src", uint64, (fd) => fd.unixSource),
    fdField("socket_unix_dest", uint64, (fd) => fd.unixDestination),
  ],
  "fixed",
);

function fdTable(thread: Thread): Table {
  const fds = thread.descriptors;
  return {
    name: "file_descriptors",
    keyType: int64,
    shape: FDS,
    size: fds?.size ?? 0,
    get: (key) => {
      const number = Number(key);
      const fd = fds?.get(number);
      return fd && { number, fd };
    },
    entries: () => [...(fds ?? [])].map(([number, fd]) => ({ number, fd })),
    blank: () => ({ number: -1, fd: new Fd() }),
  };
}

const sub = (name: string, read: (thread: Thread) => Table): TableField => ({
  name,
  type: table,
  read: (entry) => read(entry as Thread),
});

const THREAD_FIELDS: readonly TableField[] = [
  own("tid", int64, "tid"),
  own("pid", int64, "pid"),
  own("ptid", int64, "ptid"),
  own("reaper_tid", int64, "reaperTid"),
  own("sid", int64, "sid"),
  own("comm", string, "comm"),
  own("exe", string, "exe"),
  own("exe_path", string, "exePath"),
  own("exe_writable", bool, "exeWritable"),
  own("exe_upper_layer", bool, "exeUpperLayer"),
  own("exe_lower_layer", bool, "exeLowerLayer"),
  own("exe_from_memfd", bool, "exeFromMemfd"),
  sub("args", (thread) => textTable("args", WORDS, thread.args)),
  sub("env", (thread) => textTable("env", WORDS, (thread.leader ?? thread).env)),
  sub("cgroups", (thread) => textTable("cgroups", CGROUPS, thread.cgroups)),
  own("flags", uint32, "flags"),
  own("fd_limit", int64, "fdLimit"),
  own("uid", uint32, "uid"),
  own("gid", uint32, "gid"),
  own("loginuid", uint32, "loginUid"),
  own("exe_ino", uint64, "exeIno"),
  own("exe_ino_ctime", uint64, "exeCtime"),
  own("exe_ino_mtime", uint64, "exeMtime"),
  own("vtid", int64, "vtid"),
  own("vpid", int64, "vpid"),
  own("vpgid", int64, "vpgid"),
  own("pgid", int64, "pgid"),
  own("pidns_init_start_ts", uint64, "pidnsInitStart"),
  own("root", string, "root"),
  own("tty", uint32, "tty"),
  sub("file_descriptors", fdTable),
  { name: "cwd", type: string, read: (entry) => ((entry as Thread).leader ?? (entry as Thread)).cwd },
  // The reference's container plugin adds this one; here the engine knows.
  own("container_id", string, "containerId"),
];

/** The threads that state knows, by id. Which there are is for events to say; plugins may read them and add fields. */
export function threadTable(state: State): Table {
  return {
    name: "threads",
    keyType: int64,
    shape: new Shape(THREAD_FIELDS),
    get size() {
      return state.threads.size;
    },
    get: (key) => state.threads.get(Number(key)),
    entries: () => state.threads.values(),
    blank: () => new Thread(-1),
  };
}
