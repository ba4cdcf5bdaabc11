import { ipText } from "../event/ip-text.ts";
import { EVENT } from "../schema/event-codes.ts";
import type { Fd } from "../state/fd.ts";
import { isConnectedInet, isListening } from "../state/fd-kind.ts";
import { fdOf } from "../state/lookup.ts";
import { field, fieldClass, type Reader } from "./field.ts";
import { pollList } from "./param-text.ts";

const POLLS: ReadonlySet<number> = new Set([EVENT.SYSCALL_POLL_X, EVENT.SYSCALL_PPOLL_X]);

/** One text per polled descriptor, joined by commas; those that give none are left out. */
const list =
  (each: (fd: Fd | undefined, number: number) => string | undefined): Reader<string | undefined> =>
  ({ event, state }) => {
    const { thread } = state;
    if (!thread || !POLLS.has(event.code)) return undefined;
    const items = pollList(event.slice(1)).map(({ fd }) => each(fdOf(state, thread, fd), fd));
    return items.filter((item) => item !== undefined).join(",") || undefined;
  };

/** Fields of the descriptors that poll(2) and ppoll(2) wait for. */
export const fdlist = fieldClass("fdlist", "The descriptors that poll and ppoll wait for", ["syscall"], {
  "fdlist.nums": field(
    "CHARBUF",
    "Numbers of the descriptors.",
    list((_, number) => String(number)),
    { format: "ID" },
  ),
  "fdlist.names": field(
    "CHARBUF",
    "Names of the descriptors.",
    list((fd) => fd?.name || "<NA>"),
  ),
  "fdlist.cips": field(
    "CHARBUF",
    "Client addresses.",
    list((fd) => (fd?.ends && isConnectedInet(fd.kind) ? ipText(fd.ends.sourceIp) : undefined)),
  ),
  "fdlist.sips": field(
    "CHARBUF",
    "Server addresses.",
    list((fd) => {
      if (!fd?.ends) return undefined;
      return isListening(fd.kind) ? ipText(fd.ends.sourceIp) : ipText(fd.ends.destIp);
    }),
  ),
  "fdlist.cports": field(
    "CHARBUF",
    "Client ports.",
    list((fd) => (fd?.ends && isConnectedInet(fd.kind) ? String(fd.ends.sourcePort) : undefined)),
    { format: "DEC" },
  ),
  "fdlist.sports": field(
    "CHARBUF",
    "Server ports.",
    list((fd) => (fd?.ends && isConnectedInet(fd.kind) ? String(fd.ends.destPort) : undefined)),
    { format: "DEC" },
  ),
});
