import { EVENT } from "../schema/event-codes.ts";
import { CAPABILITY_NAMES } from "../schema/names.ts";
import type { Thread } from "../state/thread.ts";
import { type Context, type Declared, type Field, field, type Reader } from "./field.ts";
import { ofThread } from "./proc.ts";

const NA = undefined;

/** Names of the bits that are set, lowest first. */
export function capabilityNames(set: bigint): string {
  return CAPABILITY_NAMES.filter((_, bit) => (set >> BigInt(bit)) & 1n).join(" ");
}

const capabilities = (description: string, read: (thread: Thread) => bigint): Omit<Field, "name"> =>
  field(
    "CHARBUF",
    description,
    ofThread((thread) => capabilityNames(read(thread))),
  );

const number = (
  type: Field["type"],
  description: string,
  read: Field["read"],
  hidden = false,
): Omit<Field, "name"> =>
  field(type, description, read, hidden ? { format: "DEC", hidden } : { format: "DEC" });

/** Times of running, in ns: only the scheduler's own events know them, and exit-only capture leaves them 0. */
const execTime = ofThread(() => 0);

/** Shares of a processor come with procinfo events only; they carry totals, so the first ones show nothing yet. */
const cpuShare: Reader<number | undefined> = ({ event, state }: Context) =>
  event.code === EVENT.PROCINFO_E && state.thread ? 0 : NA;

const ofLeader = (read: (thread: Thread) => number): Reader<number | undefined> =>
  ofThread((thread) => (thread.tid === thread.pid ? read(thread) : 0));

const cgroupPath = (thread: Thread, subsystem: string): string | undefined => {
  const prefix = `${subsystem}=`;
  return thread.cgroups.find((line) => line.startsWith(prefix))?.slice(prefix.length);
};

/** What the thread may do. */
export const capabilityFields: Declared = {
  "thread.cap_permitted": capabilities("Permitted capabilities.", (t) => t.program.capPermitted),
  "thread.cap_inheritable": capabilities("Inheritable capabilities.", (t) => t.program.capInheritable),
  "thread.cap_effective": capabilities("Effective capabilities.", (t) => t.program.capEffective),
};

/** The thread itself. */
export const threadFields: Declared = {
  "thread.pfmajor": number(
    "UINT64",
    "Major page faults since the thread started.",
    ofThread((t) => t.pageFaultsMajor),
  ),
  "thread.pfminor": number(
    "UINT64",
    "Minor page faults since the thread started.",
    ofThread((t) => t.pageFaultsMinor),
  ),
  "thread.tid": field(
    "INT64",
    "Thread id.",
    ({ event }) => (event.tid >= -1 && event.tid <= 0xffff_ffff ? event.tid : NA),
    {
      format: "ID",
    },
  ),
  "thread.ismain": field(
    "BOOL",
    "Whether the thread is its process's first.",
    ofThread((t) => t.tid === t.pid),
  ),
  "thread.vtid": field(
    "INT64",
    "Thread id in its own pid namespace.",
    ofThread((t) => (t.vtid === -1 ? NA : t.vtid)),
    {
      format: "ID",
    },
  ),
  "thread.nametid": field(
    "CHARBUF",
    "Name and thread id.",
    ofThread((t) => `${t.comm}${t.tid}`),
    { hidden: true },
  ),
  "thread.exectime": number("RELTIME", "Nanoseconds the thread ran before it was switched out.", () => 0),
  "thread.totexectime": number("RELTIME", "Nanoseconds the thread ran since the capture started.", execTime),
  "thread.cgroups": field(
    "CHARBUF",
    "All control groups as subsystem=path.",
    ofThread((t) => t.cgroups.join(" ") || NA),
  ),
  "thread.cgroup": field(
    "CHARBUF",
    "Control group of the subsystem in the argument.",
    ({ state }, arg) => state.thread && cgroupPath(state.thread, arg!.text),
    {
      arg: "required",
      dotArg: true,
      checkArg: ({ text }) => (/^[a-zA-Z_]+$/.test(text) ? NA : `"${text}" is not a control group subsystem`),
    },
  ),
};

/** What the thread's process takes of the machine. */
export const threadUseFields: Declared = {
  "thread.cpu": field("DOUBLE", "Processor use in percent.", cpuShare),
  "thread.cpu.user": field("DOUBLE", "Processor use in user mode, in percent.", cpuShare),
  "thread.cpu.system": field("DOUBLE", "Processor use in kernel mode, in percent.", cpuShare),
  "thread.vmsize": number(
    "UINT64",
    "Virtual memory of the process in kB; 0 for threads other than the first.",
    ofLeader((t) => t.vmSize),
  ),
  "thread.vmrss": number(
    "UINT64",
    "Resident memory of the process in kB; 0 for threads other than the first.",
    ofLeader((t) => t.vmRss),
  ),
  "thread.vmsize.b": number(
    "UINT64",
    "Virtual memory of the process in bytes.",
    ofLeader((t) => t.vmSize * 1024),
    true,
  ),
  "thread.vmrss.b": number(
    "UINT64",
    "Resident memory of the process in bytes.",
    ofLeader((t) => t.vmRss * 1024),
    true,
  ),
};
