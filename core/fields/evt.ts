import { dottedText } from "../event/byte-text.ts";
import { joinPath } from "../event/path.ts";
import { EVENT } from "../schema/event-codes.ts";
import { EF } from "../schema/event-row.ts";
import { EVENTS } from "../schema/events.ts";
import { HAS_RESULT } from "../schema/has-result.ts";
import { ERRNO_NAMES } from "../schema/names.ts";
import { SYSCALLS } from "../schema/syscalls.ts";
import { FD } from "../state/fd.ts";
import { isFile, isInet } from "../state/fd-kind.ts";
import { AT_FDCWD, resolveAt } from "../state/lookup.ts";
import { dateTimeText } from "../time-text.ts";
import { checkArgName, paramIndex, rawArg } from "./evt-arg.ts";
import { type Context, type Field, type FieldArg, field, fieldClass, type Reader } from "./field.ts";
import { argsText, argText, paramString } from "./param-text.ts";

const NA = undefined;

const flagged = (bit: number): Uint8Array => Uint8Array.from(EVENTS, (e) => (e.flags & bit ? 1 : 0));
const READS = flagged(EF.READS_FROM_FD);
const WRITES = flagged(EF.WRITES_TO_FD);
const WAITS = flagged(EF.WAITS);
const EVENT_NAMES = EVENTS.map((e) => e.name);
const CATEGORY = EVENTS.map((e) => e.category);
const SYSCALL_ORIGIN = Uint8Array.from(EVENTS, (e) => (e.origin === "SYSCALL" ? 1 : 0));

/** The return value of the call, when it has one. */
export function resultOf({ event }: Context): number | undefined {
  if (HAS_RESULT[event.code] === 0 || event.size(0) === 0) return NA;
  return event.int(0, 0);
}

/** Producers that did not know a call gave it no code, but the kernel's number. */
const NATIVE_NAMES: ReadonlyMap<number, string> = new Map(SYSCALLS.map(({ x86_64, name }) => [x86_64, name]));

/** `evt.type`: the event's name; generic events bear the system call's. */
export function eventName({ event }: Context): string {
  if (event.code === EVENT.GENERIC_X || event.code === EVENT.GENERIC_E) {
    const code = event.uint(0, 0);
    return (
      (code === 0 ? NATIVE_NAMES.get(event.uint(1, -1)) : undefined) ?? SYSCALLS[code]?.name ?? "<unknown>"
    );
  }
  return event.code === EVENT.ASYNCEVENT_E ? event.text(1) : EVENT_NAMES[event.code]!;
}

const CATEGORY_NAMES: Readonly<Record<string, string>> = {
  UNKNOWN: "unknown",
  OTHER: "other",
  FILE: "file",
  NET: "net",
  IPC: "IPC",
  MEMORY: "memory",
  PROCESS: "process",
  SLEEP: "sleep",
  SYSTEM: "system",
  SIGNAL: "signal",
  USER: "user",
  TIME: "time",
  PROCESSING: "processing",
  WAIT: "wait",
  SCHEDULER: "scheduler",
  INTERNAL: "internal",
};
const IPC_KINDS: ReadonlySet<number> = new Set([
  FD.FIFO,
  FD.UNIX_SOCK,
  FD.EVENT,
  FD.SIGNALFD,
  FD.INOTIFY,
  FD.USERFAULTFD,
]);

/** What the descriptor's kind makes of an I/O event: file, net, ipc or unknown. */
function ioClass({ state }: Context): string {
  const kind = state.fd?.kind ?? FD.UNKNOWN;
  if (isFile(kind) || kind === FD.DIRECTORY) return "file";
  if (isInet(kind)) return "net";
  return IPC_KINDS.has(kind) ? "ipc" : "unknown";
}

function category(context: Context): string {
  const base = CATEGORY[context.event.code]!;
  return base.startsWith("IO_") ? ioClass(context) : (CATEGORY_NAMES[base] ?? "unknown");
}

type ErrorClass = "file" | "net" | "memory" | "other";
const OPENING: ReadonlySet<string> = new Set(["open", "openat", "openat2", "creat", "open_by_handle_at"]);
const CONNECTING: ReadonlySet<string> = new Set(["accept", "accept4", "connect"]);

/** Which classes of `evt.count.error` the event is of: memory stands beside the others, which exclude each other. */
function isOfClass(context: Context, wanted: ErrorClass): boolean {
  const { event, state } = context;
  const isMemory = CATEGORY[event.code] === "MEMORY";
  if (wanted === "memory") return isMemory;
  if (!state.fd) {
    const name = EVENT_NAMES[event.code]!;
    if (OPENING.has(name)) return wanted === "file";
    if (CONNECTING.has(name)) return wanted === "net";
    return wanted === "other" && !isMemory;
  }
  const { kind } = state.fd;
  if (isFile(kind) || kind === FD.DIRECTORY) return wanted === "file";
  return wanted === (isInet(kind) || kind === FD.UNIX_SOCK ? "net" : "other");
}

/** 1 for a failed call of the class, 0 for one that succeeded, no value for other classes. */
const errorCount =
  (wanted?: ErrorClass): Reader<number | undefined> =>
  (context) => {
    const result = resultOf(context);
    if (result === undefined || (wanted && !isOfClass(context, wanted))) return NA;
    return result < 0 ? 1 : 0;
  };

type Direction = "in" | "out";

/** Bytes moved by an I/O call: its return value, for the wanted direction and kind of descriptor. */
const bufferLength =
  (direction?: Direction, kind?: "file" | "net"): Reader<number | undefined> =>
  (context) => {
    const base = CATEGORY[context.event.code]!;
    const result = resultOf(context);
    const fd = context.state.fd;
    if (result === undefined || result < 0 || !fd || !base.startsWith("IO_")) return NA;
    if (direction && base !== (direction === "in" ? "IO_READ" : "IO_WRITE")) return NA;
    if (kind === "file" && !isFile(fd.kind)) return NA;
    if (kind === "net" && !isInet(fd.kind)) return NA;
    return result;
  };

const DATA_PARAM = Int8Array.from(EVENTS, (e) => e.params.findIndex((p) => p.name === "data"));

/** The captured bytes of the call; valid during the event. */
function buffer({ event }: Context): Uint8Array | undefined {
  const index = DATA_PARAM[event.code]!;
  return index < 0 ? NA : event.slice(index);
}

const O = { RDONLY: 1, WRONLY: 2, CREAT: 4, TMPFILE: 0x2000, F_CREATED: 0x4000 } as const;
const EXEC_BITS = 0o111;
const O_CREATES = O.CREAT | O.TMPFILE;
const {
  SYSCALL_OPEN_X,
  SYSCALL_OPENAT_2_X,
  SYSCALL_OPENAT2_X,
  SYSCALL_OPEN_BY_HANDLE_AT_X,
  SYSCALL_CREAT_X,
} = EVENT;
const OPENS: ReadonlySet<number> = new Set([
  SYSCALL_OPEN_X,
  SYSCALL_OPENAT_2_X,
  SYSCALL_OPENAT2_X,
  SYSCALL_OPEN_BY_HANDLE_AT_X,
]);
const paramAt = (name: string): Int8Array =>
  Int8Array.from(EVENTS, (e) => (OPENS.has(e.code) ? e.params.findIndex((p) => p.name === name) : -1));
const OPEN_FLAGS = paramAt("flags");
const OPEN_MODE = paramAt("mode");

/** The portable flag bits an open was asked for; 0 for other events. */
function openFlags({ event }: Context): number {
  const index = OPEN_FLAGS[event.code]!;
  return index < 0 ? 0 : event.uint(index, 0);
}

function opensExecutable(context: Context): boolean {
  const { event } = context;
  if (event.code === SYSCALL_CREAT_X) return (event.uint(2, 0) & EXEC_BITS) !== 0;
  const mode = OPEN_MODE[event.code]!;
  return mode >= 0 && (openFlags(context) & O_CREATES) !== 0 && (event.uint(mode, 0) & EXEC_BITS) !== 0;
}

function createsFile(context: Context): boolean {
  const flags = openFlags(context);
  return (flags & O.F_CREATED) !== 0 || ((flags & O.TMPFILE) !== 0 && (resultOf(context) ?? -1) >= 0);
}

/** The parameters by name that make up the absolute path of an *at call: directory and path. */
type PathParams = readonly [dirfd: string, path: string];
const ABSOLUTE: Readonly<Partial<Record<number, { readonly src: PathParams; readonly dst: PathParams }>>> = {
  [EVENT.SYSCALL_RENAMEAT_X]: { src: ["olddirfd", "oldpath"], dst: ["newdirfd", "newpath"] },
  [EVENT.SYSCALL_RENAMEAT2_X]: { src: ["olddirfd", "oldpath"], dst: ["newdirfd", "newpath"] },
  [EVENT.SYSCALL_LINKAT_2_X]: { src: ["olddir", "oldpath"], dst: ["newdir", "newpath"] },
  [EVENT.SYSCALL_SYMLINKAT_X]: { src: ["linkdirfd", "linkpath"], dst: ["linkdirfd", "linkpath"] },
  [EVENT.SYSCALL_OPENAT_2_X]: { src: ["dirfd", "name"], dst: ["dirfd", "name"] },
  [EVENT.SYSCALL_OPENAT2_X]: { src: ["dirfd", "name"], dst: ["dirfd", "name"] },
  [EVENT.SYSCALL_UNLINKAT_2_X]: { src: ["dirfd", "name"], dst: ["dirfd", "name"] },
  [EVENT.SYSCALL_MKDIRAT_X]: { src: ["dirfd", "path"], dst: ["dirfd", "path"] },
  [EVENT.SYSCALL_FCHMODAT_X]: { src: ["dirfd", "filename"], dst: ["dirfd", "filename"] },
  [EVENT.SYSCALL_FCHOWNAT_X]: { src: ["dirfd", "pathname"], dst: ["dirfd", "pathname"] },
};

function absolutePath(context: Context, arg: FieldArg | undefined): string | undefined {
  const { event, state } = context;
  if (!state.thread) return NA;
  if (event.code === SYSCALL_OPEN_BY_HANDLE_AT_X) {
    return (resultOf(context) ?? 0) > 0 ? joinPath("", paramString(event, 3)) : NA;
  }
  const declared = ABSOLUTE[event.code];
  if (!declared) return NA;
  const [dirfd, path] = (arg?.text === "dst" ? declared.dst : declared.src).map((name) =>
    paramIndex(event, name),
  );
  if (event.size(dirfd!) === 0 || event.size(path!) === 0) return NA;
  return resolveAt(state, state.thread, event.int(dirfd!, 0), paramString(event, path!));
}

const NS = 1_000_000_000n;
const zero = (): number => 0;
const latency = (): Omit<Field, "name"> =>
  field("RELTIME", "Deprecated: always 0.", zero, { format: "DEC", deprecated: true, hidden: true });
const never = (): Omit<Field, "name"> => field("CHARBUF", "Never has a value.", () => NA, { hidden: true });
const count = (description: string, read: Reader<number | undefined>, hidden = false): Omit<Field, "name"> =>
  field("UINT32", description, read, hidden ? { format: "DEC", hidden } : { format: "DEC" });
const length = (direction?: Direction, kind?: "file" | "net"): Omit<Field, "name"> =>
  field("UINT64", "Bytes moved by the call.", bufferLength(direction, kind), { format: "DEC", hidden: true });
/**
 * The time since a place of an output was last printed; 0 at first, and where the event before came later. JSON, which the
 * reference reads after the text, has 0: it measures the time since the text of the same event.
 */
const delta = (
  description: string,
  format: "DEC" | "10_PADDED_DEC",
  part: (nanoseconds: bigint) => bigint,
): Omit<Field, "name"> =>
  field("RELTIME", description, zero, {
    format,
    perPlace: () => {
      let last: bigint | undefined;
      return ({ event: { time } }) => {
        const passed = last === undefined || last > time ? 0n : time - last;
        last = time;
        return part(passed);
      };
    },
  });

function checkTypeName({ text }: FieldArg): string | undefined {
  return /^\d+$/.test(text) || EVENT_NAMES.includes(text) ? NA : `unknown event type ${text}`;
}

const syscallName: Reader<string | undefined> = (context) =>
  SYSCALL_ORIGIN[context.event.code] === 1 ? eventName(context) : NA;

/** Events whose result is an error's number where the call failed. */
const FAILS_BY_NAME = Uint8Array.from(EVENTS, ({ params }) =>
  params[0]?.type === "ERRNO" || params[0]?.type === "FD" ? 1 : 0,
);

const result: Reader<string | undefined> = (context) => {
  const value = resultOf(context);
  if (value === undefined) return NA;
  if (value >= 0) return "SUCCESS";
  // As `argText` has it, but for the numbers and threads that it knows better.
  const isPlain = FAILS_BY_NAME[context.event.code] === 1 && value !== AT_FDCWD && context.state.thread;
  return (isPlain ? ERRNO_NAMES.get(-value) : undefined) ?? argText(context, 0);
};

/** Fields of system calls and tracepoints. */
export const evt = fieldClass("evt", "System calls and kernel events", ["syscall"], {
  "evt.latency": latency(),
  "evt.latency.s": latency(),
  "evt.latency.ns": { ...latency(), format: "10_PADDED_DEC" },
  "evt.latency.quantized": field("UINT64", "Deprecated: always 0.", zero, {
    format: "DEC",
    hidden: true,
    deprecated: true,
  }),
  "evt.latency.human": field("CHARBUF", "Deprecated: always 0ns.", () => "0ns", {
    deprecated: true,
    hidden: true,
  }),
  "evt.deltatime": delta("Nanoseconds since the field was last printed there.", "DEC", (ns) => ns),
  "evt.deltatime.s": delta("Seconds since the field was last printed there.", "DEC", (ns) => ns / NS),
  "evt.deltatime.ns": delta(
    "Nanoseconds within the second since the field was last printed there.",
    "10_PADDED_DEC",
    (ns) => ns % NS,
  ),
  "evt.outputtime": field("CHARBUF", "Local time at which the event is printed.", () => printTime(), {
    printOnly: true,
    hidden: true,
  }),
  "evt.dir": field(
    "CHARBUF",
    "Deprecated: > for enter events, < for exits.",
    ({ event }) => (event.code & 1 ? "<" : ">"),
    {
      format: "DIR",
      deprecated: true,
      hidden: true,
    },
  ),
  "evt.type": field("CHARBUF", "Name of the event: the system call's or the tracepoint's.", eventName),
  "evt.type.is": field(
    "UINT32",
    "1 when the event is of the type in the argument.",
    ({ event }, arg) => (arg!.index === event.code || EVENT_NAMES[event.code] === arg!.text ? 1 : 0),
    { arg: "required", dotArg: true, checkArg: checkTypeName },
  ),
  "syscall.type": field("CHARBUF", "Name of the system call; none for other events.", syscallName),
  "evt.category": field("CHARBUF", "What the event is about: file, net, process, …", category),
  "evt.cpu": field("INT16", "Processor the event came from.", ({ event }) => event.cpu, { format: "ID" }),
  "evt.args": field("CHARBUF", "All parameters as name=value.", argsText),
  "evt.arg": field(
    "CHARBUF",
    "One parameter by name or index, as text: names of flags, errors and descriptors rather than numbers.",
    (context, arg) => {
      const index = arg!.index ?? paramIndex(context.event, arg!.text);
      return index < 0 ||
        index >= Math.min(context.event.paramCount, EVENTS[context.event.code]!.params.length)
        ? NA
        : argText(context, index);
    },
    { arg: "required", dotArg: true, checkArg: checkArgName },
  ),
  "evt.rawarg": rawArg,
  "evt.info": field("CHARBUF", "All parameters, or the plugin's summary of the event.", (context) =>
    context.state.plugin ? context.state.plugin.describe(context.event) : argsText(context),
  ),
  "evt.buffer": field("BYTEBUF", "The data that was read or written, as far as it was captured.", buffer, {
    text: (context) => {
      const bytes = buffer(context);
      return bytes && dottedText(bytes);
    },
  }),
  "evt.buflen": field("UINT64", "Bytes that the call moved.", bufferLength(), { format: "DEC" }),
  "evt.res": field("CHARBUF", "SUCCESS, or the name of the error.", result, { format: "DEC" }),
  "evt.rawres": field("INT64", "Return value of the call.", resultOf, { format: "DEC" }),
  "evt.failed": field("BOOL", "Whether the call failed.", (context) => {
    const value = resultOf(context);
    return value === undefined ? NA : value < 0;
  }),
  "evt.is_io": field(
    "BOOL",
    "Whether the event reads or writes.",
    ({ event }) => (READS[event.code]! | WRITES[event.code]!) === 1,
  ),
  "evt.is_io_read": field("BOOL", "Whether the event reads.", ({ event }) => READS[event.code] === 1),
  "evt.is_io_write": field("BOOL", "Whether the event writes.", ({ event }) => WRITES[event.code] === 1),
  "evt.io_dir": field("CHARBUF", "read or write.", ({ event }) =>
    WRITES[event.code] === 1 ? "write" : READS[event.code] === 1 ? "read" : NA,
  ),
  "evt.is_wait": field(
    "BOOL",
    "Whether the event makes the thread wait.",
    ({ event }) => WAITS[event.code] === 1,
  ),
  "evt.wait_latency": latency(),
  "evt.is_syslog": field(
    "BOOL",
    "Whether the event writes to /dev/log.",
    ({ event, state }) => WRITES[event.code] === 1 && (state.fd?.name.includes("/dev/log") ?? false),
  ),
  "evt.count": count("Always 1.", () => 1),
  "evt.count.error": count("1 for a failed call.", errorCount()),
  "evt.count.error.file": count("1 for a failed call on files.", errorCount("file")),
  "evt.count.error.net": count("1 for a failed call on sockets.", errorCount("net")),
  "evt.count.error.memory": count("1 for a failed call on memory.", errorCount("memory")),
  "evt.count.error.other": count("1 for any other failed call.", errorCount("other")),
  "evt.count.exit": count("1 for exit events.", ({ event }) => (event.code & 1 ? 1 : NA)),
  "evt.count.procinfo": count(
    "1 for procinfo events.",
    ({ event }) => (event.code === EVENT.PROCINFO_E ? 1 : 0),
    true,
  ),
  "evt.count.threadinfo": count(
    "1 for procinfo events.",
    ({ event }) => (event.code === EVENT.PROCINFO_E ? 1 : 0),
    true,
  ),
  "evt.around": field(
    "UINT64",
    "True when the event is within so many milliseconds of the time (nanoseconds) in the argument.",
    ({ event }, arg) => Math.abs(Number(event.time - BigInt(arg!.text))) / 1e6,
    {
      arg: "required",
      filterOnly: true,
      noRhs: true,
      noTransformers: true,
      format: "DEC",
      checkArg: ({ text }) => (/^\d+$/.test(text) ? NA : `"${text}" is not a time in nanoseconds`),
    },
  ),
  "evt.abspath": field(
    "CHARBUF",
    "Path of an *at call, made absolute; .src and .dst choose of two.",
    absolutePath,
    {
      arg: "optional",
      dotArg: true,
      checkArg: ({ text }) => (text === "src" || text === "dst" ? NA : `"${text}" is neither src nor dst`),
    },
  ),
  "evt.buflen.in": length("in"),
  "evt.buflen.out": length("out"),
  "evt.buflen.file": length(undefined, "file"),
  "evt.buflen.file.in": length("in", "file"),
  "evt.buflen.file.out": length("out", "file"),
  "evt.buflen.net": length(undefined, "net"),
  "evt.buflen.net.in": length("in", "net"),
  "evt.buflen.net.out": length("out", "net"),
  "evt.is_open_read": field(
    "BOOL",
    "Whether a file is opened for reading.",
    (context) => (openFlags(context) & O.RDONLY) !== 0,
  ),
  "evt.is_open_write": field(
    "BOOL",
    "Whether a file is opened for writing.",
    (context) => (openFlags(context) & O.WRONLY) !== 0,
  ),
  "evt.infra.docker.name": never(),
  "evt.infra.docker.container.id": never(),
  "evt.infra.docker.container.name": never(),
  "evt.infra.docker.container.image": never(),
  "evt.is_open_exec": field("BOOL", "Whether a file is created with an execute bit.", opensExecutable),
  "evt.is_open_create": field("BOOL", "Whether the open created the file.", createsFile),
});

const printTime = (): string => dateTimeText(BigInt(Date.now()) * 1_000_000n);
