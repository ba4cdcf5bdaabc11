import { isSeldom } from "../ffi/seldom.ts";
import { ancestorOf, cwdOf, leaderOf } from "../state/lookup.ts";
import type { State } from "../state/state.ts";
import type { Thread } from "../state/thread.ts";
import { ancestorField, ancestorsOf, hasAncestor } from "./ancestors.ts";
import {
  type Context,
  type Declared,
  type Field,
  type FieldArg,
  type FieldRead,
  field,
  type Reader,
  whole,
} from "./field.ts";
import { groupLeader } from "./group-leader.ts";

const NA = undefined;

/** A reader that has a value only when the event's thread is known. */
export const ofThread =
  <T>(read: (thread: Thread, context: Context) => T): Reader<T | undefined> =>
  (context) => {
    const { thread } = context.state;
    return thread && read(thread, context);
  };

const ofParent = <T>(read: (thread: Thread) => T): Reader<T | undefined> => {
  const readParent = (thread: Thread, { state }: Context): T | undefined => {
    const parent = ancestorOf(state, thread, 1);
    return parent && read(parent);
  };
  isSeldom(readParent);
  return ofThread(readParent);
};

// Where many are asked for they would be put into each other's compiled form.
isSeldom(ofThread(() => NA));

export const argsLine = (thread: Thread): string => thread.args.join(" ");
export const commandLine = (thread: Thread): string =>
  thread.args.length === 0 ? thread.comm : `${thread.comm} ${argsLine(thread)}`;

const exe = (thread: Thread): string => thread.exe;
const exePath = (thread: Thread): string => thread.exePath;
const comm = (thread: Thread): string => thread.comm;

const ownEnv = (state: State, thread: Thread): readonly string[] => leaderOf(state, thread)?.env ?? [];

/** The value of an environment variable, spaces around it cut; empty when it is not set. */
function variable(env: readonly string[], name: string): string {
  const prefix = `${name}=`;
  for (const entry of env) {
    if (entry.startsWith(prefix) && entry.length > prefix.length)
      return entry.slice(prefix.length).replace(/^ +| +$/g, "");
  }
  return "";
}

const env: Reader<string | undefined> = (context, arg) => {
  const { state } = context;
  if (!state.thread) return NA;
  const own = ownEnv(state, state.thread);
  return arg && arg.index === undefined ? variable(own, arg.text) : own.join(" ");
};

const MAX_ENV_GENERATIONS = 20;

const ancestorEnv: Reader<string | undefined> = (context, arg) => {
  const { state } = context;
  if (!state.thread) return NA;
  if (!arg || arg.index === 0) return ownEnv(state, state.thread).join(" ");
  const leader = leaderOf(state, state.thread);
  if (!leader) return "";
  let generation = 0;
  for (const ancestor of ancestorsOf(state, leader)) {
    generation++;
    if (arg.index === generation) return ownEnv(state, ancestor).join(" ");
    if (arg.index !== undefined) continue;
    if (generation > MAX_ENV_GENERATIONS) break;
    const value = variable(ownEnv(state, ancestor), arg.text);
    if (value !== "") return value;
  }
  return arg.index === undefined ? "" : NA;
};

/** The oldest of the process and its ancestors whose name ends in "sh". */
const loginShell = ofThread((thread, { state }) => {
  const leader = leaderOf(state, thread);
  if (!leader) return NA;
  let found = leader.comm.endsWith("sh") ? leader.pid : NA;
  for (const ancestor of ancestorsOf(state, leader)) if (ancestor.comm.endsWith("sh")) found = ancestor.pid;
  return found;
});

const isPid = (value: number): boolean => value >= -1 && value <= 0xffff_ffff;
const pidOrNone = (value: number): number | undefined => (isPid(value) ? value : NA);
const unlessMinusOne = (value: number): number | undefined => (value === -1 ? NA : value);
const unlessZero = (value: bigint): number | bigint | undefined => (value === 0n ? NA : whole(value));

const U64 = (1n << 64n) - 1n;
const duration = ofThread((thread, { event }) =>
  thread.cloneTime === 0n ? NA : whole((event.time - thread.cloneTime) & U64),
);

/** A parent with no known start gives the number of open descriptors: the reference falls through here. */
const parentDuration = ofThread((thread, context) => {
  const parent = ancestorOf(context.state, thread, 1);
  if (!parent) return NA;
  return parent.cloneTime === 0n
    ? openDescriptors(thread, context)
    : whole((context.event.time - parent.cloneTime) & U64);
});

export const openDescriptors = (thread: Thread, { state }: Context): number =>
  leaderOf(state, thread)?.fds.size ?? 0;

const text = (description: string, read: Reader<string | undefined>): Omit<Field, "name"> =>
  field("CHARBUF", description, read);
const id = (description: string, read: Reader<number | undefined>): Omit<Field, "name"> =>
  field("INT64", description, read, { format: "ID" });
const flag = (description: string, read: Reader<boolean | undefined>): Omit<Field, "name"> =>
  field("BOOL", description, read);
const number = (type: Field["type"], description: string, read: Reader<FieldRead>): Omit<Field, "name"> =>
  field(type, description, read, { format: "DEC" });

const needsIndex = ({ index, text }: FieldArg): string | undefined =>
  index === undefined ? `"${text}" is not an index` : NA;
const ANY = { anyAncestor: true } as const;

const leaderFields = (prefix: string, kind: "sid" | "vpgid" | "pgid", what: string, nameField: string) => ({
  [nameField]: text(`Name of the ${what} leader.`, groupLeader(kind, comm)),
  [`${prefix}.exe`]: text(`First command line argument of the ${what} leader.`, groupLeader(kind, exe)),
  [`${prefix}.exepath`]: text(`Executable of the ${what} leader.`, groupLeader(kind, exePath)),
});

/** What the process is: program, arguments, ids, parents and leaders. */
export const processFields: Declared = {
  "proc.exe": text("First command line argument, as the program was started.", ofThread(exe)),
  "proc.pexe": text("First command line argument of the parent.", ofParent(exe)),
  "proc.aexe": ancestorField("CHARBUF", "First command line argument of an ancestor.", exe, ANY),
  "proc.exepath": text("Full path of the executable.", ofThread(exePath)),
  "proc.pexepath": text("Full path of the parent's executable.", ofParent(exePath)),
  "proc.aexepath": ancestorField("CHARBUF", "Full path of an ancestor's executable.", exePath, ANY),
  "proc.name": text("Name of the process (at most 15 bytes).", ofThread(comm)),
  "proc.pname": text("Name of the parent.", ofParent(comm)),
  "proc.aname": ancestorField("CHARBUF", "Name of an ancestor.", comm, ANY),
  "proc.args": field(
    "CHARBUF",
    "Arguments, or the one in the argument (0 is the first behind the program).",
    (context, arg) => {
      const { thread } = context.state;
      return thread && (arg ? (thread.args[arg.index!] ?? "") : argsLine(thread));
    },
    { arg: "optional", checkArg: needsIndex },
  ),
  "proc.aargs": ancestorField("CHARBUF", "Arguments of an ancestor.", argsLine, { anyAncestor: false }),
  "proc.cmdline": text("Name and arguments.", ofThread(commandLine)),
  "proc.pcmdline": text("Name and arguments of the parent.", ofParent(commandLine)),
  "proc.acmdline": ancestorField("CHARBUF", "Name and arguments of an ancestor.", commandLine, ANY),
  "proc.cmdnargs": number(
    "UINT64",
    "Number of arguments.",
    ofThread((t) => t.args.length),
  ),
  "proc.cmdlenargs": number(
    "UINT64",
    "Bytes of all arguments together.",
    ofThread((t) => t.args.reduce((sum, arg) => sum + Buffer.byteLength(arg), 0)),
  ),
  "proc.exeline": text(
    "First command line argument and the others.",
    ofThread((t) => `${t.exe} ${argsLine(t)}`),
  ),
  "proc.env": field("CHARBUF", "Environment, or the variable in the argument.", env, { arg: "optional" }),
  "proc.aenv": field(
    "CHARBUF",
    "Environment of an ancestor, or a variable of the nearest that has it.",
    ancestorEnv,
    {
      arg: "optional",
      noRhs: true,
      noTransformers: true,
      present: hasAncestor,
      anyOf: ({ state }) =>
        state.thread ? Array.from(ancestorsOf(state, state.thread), (t) => ownEnv(state, t).join(" ")) : [],
    },
  ),
  "proc.cwd": text(
    "Working directory, ending in a slash.",
    ofThread((t, { state }) => cwdOf(state, t)),
  ),
  "proc.loginshellid": id("Process id of the oldest shell among the ancestors.", loginShell),
  "proc.tty": field(
    "UINT32",
    "Controlling terminal's device number; 0 for none.",
    ofThread((t) => t.tty),
    { format: "ID" },
  ),
  "proc.pid": id(
    "Process id.",
    ofThread((t) => pidOrNone(t.pid)),
  ),
  "proc.ppid": id(
    "Parent process id.",
    ofParent((t) => pidOrNone(t.pid)),
  ),
  "proc.apid": ancestorField("INT64", "Process id of an ancestor.", (t) => t.pid, {
    anyAncestor: true,
    bare: ({ state }) => {
      const leader = state.thread && leaderOf(state, state.thread);
      return leader && pidOrNone(leader.pid);
    },
  }),
  "proc.vpid": id(
    "Process id in its own pid namespace.",
    ofThread((t) => unlessMinusOne(t.vpid)),
  ),
  "proc.pvpid": id(
    "Parent process id in its own pid namespace.",
    ofThread((t, { state }) => state.threads.get(t.ptid)?.vpid),
  ),
  "proc.sid": id(
    "Session id.",
    ofThread((t) => t.sid),
  ),
  ...leaderFields("proc.sid", "sid", "session", "proc.sname"),
  "proc.vpgid": id(
    "Process group id in its own pid namespace.",
    ofThread((t) => t.vpgid),
  ),
  ...leaderFields("proc.vpgid", "vpgid", "process group", "proc.vpgid.name"),
  "proc.pgid": id(
    "Process group id on the host.",
    ofThread((t) => t.pgid),
  ),
  ...leaderFields("proc.pgid", "pgid", "process group", "proc.pgid.name"),
  "proc.duration": number("RELTIME", "Nanoseconds since the process started.", duration),
  "proc.ppid.duration": number("RELTIME", "Nanoseconds since the parent started.", parentDuration),
  "proc.pid.ts": number(
    "RELTIME",
    "Start of the process, nanoseconds since the epoch.",
    ofThread((t) => unlessZero(t.cloneTime)),
  ),
  "proc.ppid.ts": number(
    "RELTIME",
    "Start of the parent, nanoseconds since the epoch.",
    ofThread((t, { state }) => {
      const parent = state.threads.get(t.ptid);
      return parent && whole(parent.cloneTime);
    }),
  ),
  "proc.is_exe_writable": flag(
    "Whether the user may write the executable.",
    ofThread((t) => t.exeWritable),
  ),
  "proc.is_exe_upper_layer": flag(
    "Whether the executable is in an overlay's writable layer.",
    ofThread((t) => t.exeUpperLayer),
  ),
  "proc.is_exe_lower_layer": flag(
    "Whether the executable is in an overlay's lower layers.",
    ofThread((t) => t.exeLowerLayer),
  ),
  "proc.is_exe_from_memfd": flag(
    "Whether the executable is a file in memory only.",
    ofThread((t) => t.exeFromMemfd),
  ),
  "proc.is_sid_leader": flag(
    "Whether the process leads its session.",
    ofThread((t) => t.sid === t.vpid),
  ),
  "proc.is_vpgid_leader": flag(
    "Whether the process leads its process group.",
    ofThread((t) => t.vpgid === t.vpid),
  ),
  "proc.is_pgid_leader": flag(
    "Whether the process leads its process group on the host.",
    ofThread((t) => t.pgid === t.pid),
  ),
  "proc.exe_ino": number(
    "INT64",
    "Inode number of the executable.",
    ofThread((t) => unlessZero(t.exeIno)),
  ),
  "proc.exe_ino.ctime": number(
    "ABSTIME",
    "Last status change of the executable, nanoseconds since the epoch.",
    ofThread((t) => unlessZero(t.exeCtime)),
  ),
  "proc.exe_ino.mtime": number(
    "ABSTIME",
    "Last change of the executable, nanoseconds since the epoch.",
    ofThread((t) => unlessZero(t.exeMtime)),
  ),
  "proc.exe_ino.ctime_duration_proc_start": number(
    "ABSTIME",
    "Nanoseconds from the executable's last status change to the start of the process.",
    ofThread((t) => unlessZero(t.exeCtimeDurationCloneTs)),
  ),
  "proc.exe_ino.ctime_duration_pidns_start": number(
    "ABSTIME",
    "Nanoseconds from the start of the pid namespace to the executable's last status change.",
    ofThread((t) => unlessZero(t.exeCtimeDurationPidnsStart)),
  ),
  "proc.pidns_init_start_ts": number(
    "UINT64",
    "Start of the pid namespace, nanoseconds since the epoch.",
    ofThread((t) => unlessZero(t.pidnsInitStart)),
  ),
};
