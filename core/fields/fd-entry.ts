import type { EventCursor } from "../event/cursor.ts";
import { joinPath } from "../event/path.ts";
import { isSeldom } from "../ffi/seldom.ts";
import { EVENT } from "../schema/event-codes.ts";
import { EF } from "../schema/event-row.ts";
import { EVENTS } from "../schema/events.ts";
import type { Fd, SocketEnds } from "../state/fd.ts";
import { FD, ROLE } from "../state/fd.ts";
import { isConnectedInet, isFile, isListening } from "../state/fd-kind.ts";
import { directoryBase, fdOf } from "../state/lookup.ts";
import type { Context, Reader, Subject } from "./field.ts";
import { argText, paramString } from "./param-text.ts";

const TOUCHES_FD = Uint8Array.from(EVENTS, (e) =>
  e.flags & (EF.USES_FD | EF.CREATES_FD | EF.DESTROYS_FD) ? 1 : 0,
);

/** Whether fd fields mean anything for the event at all. */
export function isFdEvent({ event, state }: Context): boolean {
  return TOUCHES_FD[event.code] === 1 && state.thread !== undefined;
}

/** The descriptor the event is about, when the tables know it. */
export function eventFd(context: Context): Fd | undefined {
  if (!isFdEvent(context)) return undefined;
  const { state } = context;
  if (state.fd) return state.fd;
  const last = state.thread!.lastEventFd;
  return last === -1 ? undefined : fdOf(state, state.thread!, last);
}

/** A reader that has a value only when the descriptor is known. */
export const ofFd =
  <T>(read: (fd: Fd, context: Context) => T): Reader<T | undefined> =>
  (context) => {
    const fd = eventFd(context);
    return fd && read(fd, context);
  };

isSeldom(ofFd(() => undefined));

const { SYSCALL_OPENAT_2_X, SYSCALL_OPENAT2_X, SYSCALL_OPEN_BY_HANDLE_AT_X } = EVENT;
/** Calls whose parameter 1 names what could not be opened or reached. */
const NAMED_BY_PARAM_1: ReadonlySet<number> = new Set([
  EVENT.SYSCALL_OPEN_X,
  EVENT.SYSCALL_CREAT_X,
  EVENT.SOCKET_ACCEPT_5_X,
  EVENT.SOCKET_ACCEPT4_6_X,
  EVENT.SOCKET_CONNECT_X,
]);

/** The name from the event's own parameters, for descriptors that never came to be. */
function nameFromEvent(context: Context, raw: boolean): string | undefined {
  const { event, state } = context;
  if (event.code === SYSCALL_OPENAT_2_X || event.code === SYSCALL_OPENAT2_X) {
    if (event.size(2) === 0 || (!raw && event.size(1) === 0)) return undefined;
    const path = paramString(event, 2);
    return raw ? path : joinPath(directoryBase(state, state.thread, event.int(1, 0), path), path);
  }
  if (event.code === SYSCALL_OPEN_BY_HANDLE_AT_X) return paramString(event, 3);
  if (!NAMED_BY_PARAM_1.has(event.code)) return "";
  return raw ? rawParam1(event, context) : argText(context, 1);
}

const rawParam1 = (event: EventCursor, context: Context): string =>
  EVENTS[event.code]!.params[1]!.type === "FSPATH" ? paramString(event, 1) : argText(context, 1);

/** `fd.name`. */
export function fdName(context: Context): string | undefined {
  if (!isFdEvent(context)) return undefined;
  return eventFd(context)?.name ?? nameFromEvent(context, false);
}

const MISSING = 0;
const FILE = 1;
const DIRECTORY = 2;
/** Calls that look for a file by its name. */
const OPENS: ReadonlySet<number> = new Set([
  SYSCALL_OPENAT_2_X,
  SYSCALL_OPENAT2_X,
  SYSCALL_OPEN_BY_HANDLE_AT_X,
  EVENT.SYSCALL_OPEN_X,
  EVENT.SYSCALL_CREAT_X,
]);
const IS_OPEN = Uint8Array.from(EVENTS, ({ code }) => (OPENS.has(code) ? 1 : 0));

let variant = MISSING;

function fileText(context: Context): string | undefined {
  const fd = eventFd(context);
  if (fd) {
    variant = fd.kind === FD.DIRECTORY ? DIRECTORY : FILE;
    return variant === DIRECTORY || isFile(fd.kind) ? fd.name : undefined;
  }
  variant = MISSING;
  return IS_OPEN[context.event.code] === 1 && context.state.thread
    ? nameFromEvent(context, false)
    : undefined;
}

/** The name of a file, of a directory, or of what could not be opened. Connections have names that rarely come again. */
export const fileName: Subject = { variants: 3, text: fileText, variant: () => variant };

/** `fd.nameraw`: what the program passed, with runs of slashes made one. */
export function fdNameRaw(context: Context): string | undefined {
  if (!isFdEvent(context)) return undefined;
  const name = eventFd(context)?.nameRaw ?? nameFromEvent(context, true);
  // Few names have any, and looking is much cheaper than replacing.
  return name?.includes("//") ? name.replace(/\/{2,}/g, "/") : name;
}

type End = "client" | "server" | "local" | "remote";

/** One end of a network socket, as client and server (the stored source is the client) or near and far. */
function endOf(context: Context, fd: Fd, end: End): { ip: Uint8Array; port: number } | undefined {
  if (!fd.ends || !isConnectedInet(fd.kind) || fd.role === ROLE.NONE) return undefined;
  const { sourceIp, sourcePort, destIp, destPort } = fd.ends;
  const source = end === "client" || (end !== "server" && isLocal(context, fd.ends) === (end === "local"));
  return source ? { ip: sourceIp, port: sourcePort } : { ip: destIp, port: destPort };
}

const isLocal = ({ state }: Context, ends: SocketEnds): boolean => state.isLocalAddress(ends.sourceIp);

/** The address of an end; a listening socket with a role has its own as the server's. */
export const ipOf = (end: End): Reader<Uint8Array | undefined> =>
  ofFd((fd, context) =>
    end === "server" && isListening(fd.kind) && fd.role !== ROLE.NONE
      ? fd.ends?.sourceIp
      : endOf(context, fd, end)?.ip,
  );

/** The port of an end; a listening socket's own as the server's. */
export const portOf = (end: End): Reader<number | undefined> =>
  ofFd((fd, context) =>
    end === "server" && isListening(fd.kind) ? fd.ends?.sourcePort : endOf(context, fd, end)?.port,
  );

const NONE: readonly never[] = [];

/** Addresses that `fd.ip` may mean: both ends, or a listening socket's own. */
export function eitherIp(context: Context): readonly Uint8Array[] {
  const ends = eventFd(context)?.ends;
  if (!ends) return NONE;
  return isListening(eventFd(context)!.kind) ? [ends.sourceIp] : [ends.sourceIp, ends.destIp];
}

/** Ports that `fd.port` may mean. */
export function eitherPort(context: Context): readonly number[] {
  const ends = eventFd(context)?.ends;
  if (!ends) return NONE;
  return isListening(eventFd(context)!.kind) ? [ends.sourcePort] : [ends.sourcePort, ends.destPort];
}
