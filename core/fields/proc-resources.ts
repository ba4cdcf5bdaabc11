import { typeName } from "../state/fd-kind.ts";
import { fdOf, leaderOf } from "../state/lookup.ts";
import { type Declared, type Field, type FieldRead, field, type Reader } from "./field.ts";
import { ofThread, openDescriptors } from "./proc.ts";

const descriptorUsage = ofThread((thread, context) => {
  const leader = leaderOf(context.state, thread);
  if (!leader || leader.fdLimit <= 0) return 0;
  return Math.min(100, (leader.fds.size * 100) / leader.fdLimit);
});

const stdioType = (fd: number): Reader<string | undefined> =>
  ofThread((thread, { state }) => {
    const entry = fdOf(state, thread, fd);
    return entry && typeName(entry.kind);
  });
const stdioName = (fd: number): Reader<string | undefined> =>
  ofThread((thread, { state }) => fdOf(state, thread, fd)?.name);

const text = (description: string, read: Reader<string | undefined>): Omit<Field, "name"> =>
  field("CHARBUF", description, read);
const number = (type: Field["type"], description: string, read: Reader<FieldRead>): Omit<Field, "name"> =>
  field(type, description, read, { format: "DEC" });

/** What the process uses: descriptors and memory. */
export const resourceFields: Declared = {
  "proc.fdopencount": number("UINT64", "Open descriptors.", ofThread(openDescriptors)),
  "proc.fdlimit": number(
    "INT64",
    "Most descriptors it may have open.",
    ofThread((t, { state }) => leaderOf(state, t)?.fdLimit ?? 0),
  ),
  "proc.fdusage": field("DOUBLE", "Open descriptors in percent of the limit.", descriptorUsage),
  "proc.vmsize": number(
    "UINT64",
    "Virtual memory in kB.",
    ofThread((t) => t.vmSize),
  ),
  "proc.vmrss": number(
    "UINT64",
    "Resident memory in kB.",
    ofThread((t) => t.vmRss),
  ),
  "proc.vmswap": number(
    "UINT64",
    "Swapped memory in kB.",
    ofThread((t) => t.vmSwap),
  ),
};

/** How many threads it has. */
export const threadCountFields: Declared = {
  "proc.nthreads": number(
    "UINT64",
    "Living threads of the process.",
    ofThread((t, { state }) => state.liveThreads(t.pid)),
  ),
  "proc.nchilds": number(
    "UINT64",
    "Living threads of the process other than its leader.",
    ofThread((t, { state }) => {
      const leader = state.threads.get(t.pid);
      return state.liveThreads(t.pid) - (leader && !leader.dead ? 1 : 0);
    }),
  ),
};

/** Where its standard streams lead. */
export const stdioFields: Declared = {
  "proc.stdin.type": text("Kind of descriptor 0.", stdioType(0)),
  "proc.stdout.type": text("Kind of descriptor 1.", stdioType(1)),
  "proc.stderr.type": text("Kind of descriptor 2.", stdioType(2)),
  "proc.stdin.name": text("Name of descriptor 0.", stdioName(0)),
  "proc.stdout.name": text("Name of descriptor 1.", stdioName(1)),
  "proc.stderr.name": text("Name of descriptor 2.", stdioName(2)),
};
