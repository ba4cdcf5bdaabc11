import { dottedText } from "../event/byte-text.ts";
import type { EventCursor } from "../event/cursor.ts";
import { enumText, flagsText, modeText } from "../event/flags-text.ts";
import { numberText } from "../event/number-text.ts";
import { joinPath } from "../event/path.ts";
import { sockaddrText, socktupleText } from "../event/sockets.ts";
import { isSeldom } from "../ffi/seldom.ts";
import { EVENT } from "../schema/event-codes.ts";
import type { Param, ParamType } from "../schema/event-row.ts";
import { EVENTS } from "../schema/events.ts";
import { ERRNO_NAMES, SIGNAL_NAMES } from "../schema/names.ts";
import { SYSCALLS } from "../schema/syscalls.ts";
import { FD, L4 } from "../state/fd.ts";
import { typeChar } from "../state/fd-kind.ts";
import { AT_FDCWD, cwdOf, directoryBase, fdOf } from "../state/lookup.ts";
import { dateTimeText, shortestSix } from "../time-text.ts";
import type { Context } from "./field.ts";

/** Parameters that were always able to be empty show `NULL`; the others `<NA>`. */
const EMPTY_IS_NULL: ReadonlySet<ParamType> = new Set([
  "BYTEBUF",
  "SOCKTUPLE",
  "FDLIST",
  "CHARBUFARRAY",
  "CHARBUF_PAIR_ARRAY",
  "DYN",
]);
const UNSET_ID = 0xffff_ffff;

/** One parameter of the current event: its description, its index, and where its bytes start (variants skip one). */
interface Item {
  readonly context: Context;
  readonly event: EventCursor;
  readonly index: number;
  readonly param: Param;
  readonly bytes: Buffer;
}
type Render = (item: Item) => string;

/** A string parameter; missing ones, and `(NULL)` of old captures, read as `<NA>`. */
export function paramString(event: EventCursor, index: number): string {
  const text = event.size(index) === 0 ? "<NA>" : event.text(index);
  return text === "(NULL)" ? "<NA>" : text;
}

/** Reads the little-endian integer that fills `bytes`. */
function integer(bytes: Buffer, signed: boolean): number | bigint {
  switch (bytes.length) {
    case 1:
      return signed ? bytes.readInt8(0) : bytes[0]!;
    case 2:
      return signed ? bytes.readInt16LE(0) : bytes.readUInt16LE(0);
    case 4:
      return signed ? bytes.readInt32LE(0) : bytes.readUInt32LE(0);
    case 8:
      return signed ? bytes.readBigInt64LE(0) : bytes.readBigUInt64LE(0);
    default:
      return 0;
  }
}
const untilNul = (bytes: Buffer): string => {
  const nul = bytes.indexOf(0);
  return bytes.utf8Slice(0, nul < 0 ? bytes.length : nul);
};
const unsigned = (item: Item): number => Number(integer(item.bytes, false));
const signed = (item: Item): number => Number(integer(item.bytes, true));

// 32- and 64-bit unsigned numbers are printed as signed ones; narrower ones keep their value.
const wideNumber: Render = ({ bytes, param }) => numberText(integer(bytes, true), param.type, param.format);
const narrowNumber: Render = ({ bytes, param }) =>
  numberText(integer(bytes, false), param.type, param.format);
const decimal: Render = (item) => integer(item.bytes, true).toString();
const plainUnsigned: Render = (item) => integer(item.bytes, false).toString();
/** Variants of a dynamic parameter start behind its first byte, so the bytes rather than the index count. */
const string: Render = ({ event, index, bytes }) =>
  bytes.length === event.size(index) ? paramString(event, index) : untilNul(bytes);
const ownerId: Render = (item) => (unsigned(item) === UNSET_ID ? "-1" : String(unsigned(item) | 0));

const PLAIN: Readonly<Partial<Record<ParamType, Render>>> = {
  INT8: wideNumber,
  INT16: wideNumber,
  INT32: wideNumber,
  INT64: wideNumber,
  UINT8: narrowNumber,
  UINT16: narrowNumber,
  UINT32: wideNumber,
  UINT64: wideNumber,
  ERRNO: decimal,
  FD: decimal,
  PID: decimal,
  CHARBUF: string,
  FSPATH: string,
  FSRELPATH: string,
  BYTEBUF: ({ bytes }) => dottedText(bytes),
  SOCKADDR: ({ bytes }) => sockaddrText(bytes),
  SOCKTUPLE: ({ bytes, context }) => socktupleText(bytes, isPortless(context)),
  FDLIST: ({ context, bytes }) =>
    pollList(bytes)
      .map(
        ({ fd, events }) =>
          `${BigInt.asUintN(64, BigInt(fd))}:${pollChar(context, fd)}${events.toString(16)}`,
      )
      .join(" "),
  SYSCALLID: plainUnsigned,
  SIGTYPE: plainUnsigned,
  RELTIME: ({ bytes }) => (integer(bytes, true) === -1n ? "none" : integer(bytes, false).toString()),
  ABSTIME: ({ bytes }) => dateTimeText(BigInt(integer(bytes, false))),
  FLAGS8: plainUnsigned,
  FLAGS16: plainUnsigned,
  FLAGS32: plainUnsigned,
  ENUMFLAGS8: plainUnsigned,
  ENUMFLAGS16: plainUnsigned,
  ENUMFLAGS32: plainUnsigned,
  MODE: wideNumber,
  UID: ownerId,
  GID: ownerId,
  SIGSET: plainUnsigned,
  CHARBUFARRAY: ({ bytes }) => stringArray(bytes).join("."),
};

const errnoName = (value: number): string => ERRNO_NAMES.get(-value) ?? "";

const RESOLVED: Readonly<Partial<Record<ParamType, Render>>> = {
  ERRNO: (item) => (signed(item) < 0 ? errnoName(signed(item)) : ""),
  FD: (item) => fdText(item.context, signed(item)),
  PID: ({ context, bytes }) => context.state.threads.get(Number(integer(bytes, true)))?.comm ?? "",
  FSPATH: (item) => resolvedPath(item, (context) => cwdOf(context.state, context.state.thread!)),
  FSRELPATH: (item) => resolvedPath(item, relativeBase(item)),
  SYSCALLID: (item) => SYSCALLS[unsigned(item)]?.name ?? "",
  SIGTYPE: (item) => SIGNAL_NAMES.get(unsigned(item)) ?? "",
  RELTIME: ({ bytes }) =>
    integer(bytes, true) === -1n ? "" : `${shortestSix(Number(integer(bytes, false)) / 1e9)}s`,
  FLAGS8: (item) => flagsText(item.param.flags ?? [], unsigned(item)),
  FLAGS16: (item) => flagsText(item.param.flags ?? [], unsigned(item)),
  FLAGS32: (item) => flagsText(item.param.flags ?? [], unsigned(item)),
  ENUMFLAGS8: (item) => enumText(item.param.flags ?? [], unsigned(item)),
  ENUMFLAGS16: (item) => enumText(item.param.flags ?? [], unsigned(item)),
  ENUMFLAGS32: (item) => enumText(item.param.flags ?? [], unsigned(item)),
  MODE: (item) => modeText(item.param.flags ?? [], unsigned(item)),
  UID: (item) => ownerName(item, (context, id) => context.state.userName(id)),
  GID: (item) => ownerName(item, (context, id) => context.state.groupName(id)),
  SIGSET: (item) => {
    const set = unsigned(item);
    return [...SIGNAL_NAMES]
      .filter(([n]) => n <= 32 && (set >>> (n - 1)) & 1)
      .map(([, name]) => name)
      .join(" ");
  },
};

function ownerName(item: Item, lookup: (context: Context, id: number) => string | undefined): string {
  const id = unsigned(item);
  return id === UNSET_ID ? "<NONE>" : lookup(item.context, id) || "<NA>";
}

function resolvedPath(item: Item, base: (context: Context) => string): string {
  const path = paramString(item.event, item.index);
  if (!item.context.state.thread || path === "<NA>" || path === "" || path.startsWith("/")) return "";
  return joinPath(base(item.context), path);
}

const relativeBase =
  ({ event, param }: Item) =>
  (context: Context): string => {
    const dirfd = param.dirfd === undefined ? AT_FDCWD : event.int(param.dirfd, AT_FDCWD);
    if (dirfd === AT_FDCWD) return cwdOf(context.state, context.state.thread!);
    const base = directoryBase(context.state, context.state.thread, dirfd, "");
    return base === "<UNKNOWN>" ? "" : base;
  };

/** ICMP sockets and raw ones show addresses without ports. */
function isPortless(context: Context): boolean {
  const l4 = context.state.fd?.shownL4;
  return l4 === L4.ICMP || l4 === L4.RAW;
}

const L4_CHARS: Readonly<Record<number, string>> = {
  [L4.TCP]: "t",
  [L4.UDP]: "u",
  [L4.ICMP]: "i",
  [L4.RAW]: "r",
};

function fdText(context: Context, fd: number): string {
  const { thread } = context.state;
  if (!thread) return "";
  if (fd === AT_FDCWD) return "AT_FDCWD";
  if (fd < 0) return errnoName(fd);
  const entry = fdOf(context.state, thread, fd);
  if (!entry) return "";
  const inet = entry.kind >= FD.IPV4_SOCK && entry.kind <= FD.IPV6_SERVSOCK;
  return `<${typeChar(entry.kind)}${inet ? (L4_CHARS[entry.shownL4] ?? "") : ""}>${entry.name}`;
}

const pollChar = (context: Context, fd: number): string => {
  const entry = context.state.thread && fdOf(context.state, context.state.thread, fd);
  return entry ? typeChar(entry.kind) : "?";
};

/** Items of an FDLIST parameter: `| count u16 | (fd i64, events u16) … |`; a cut list ends where its bytes do. */
export function pollList(bytes: Buffer): { readonly fd: number; readonly events: number }[] {
  const items: { fd: number; events: number }[] = [];
  const count = bytes.length >= 2 ? bytes.readUInt16LE(0) : 0;
  for (let i = 0, at = 2; i < count && at + 10 <= bytes.length; i++, at += 10) {
    items.push({ fd: Number(bytes.readBigInt64LE(at)), events: bytes.readUInt16LE(at + 8) });
  }
  return items;
}

/** Strings that each end in NUL; one that lacks it still counts. */
export function stringArray(bytes: Buffer): string[] {
  if (bytes.length === 0) return [];
  const text = bytes.utf8Slice(0, bytes[bytes.length - 1] === 0 ? bytes.length - 1 : bytes.length);
  return text.split("\0");
}

/** Both forms of parameter `index`: what it is, and what it stands for (empty when there is nothing to say). */
export function paramText(
  context: Context,
  index: number,
): { readonly plain: string; readonly resolved: string } {
  const { event } = context;
  const declared = EVENTS[event.code]!.params[index]!;
  let bytes = event.slice(index);
  if (bytes.length === 0) return { plain: EMPTY_IS_NULL.has(declared.type) ? "NULL" : "<NA>", resolved: "" };
  let param = declared;
  if (declared.type === "DYN") {
    const variant = declared.dyn?.[bytes[0]!];
    if (!variant) return { plain: "INVALID DYNAMIC PARAMETER", resolved: "" };
    param = { ...declared, type: variant.type };
    bytes = bytes.subarray(1);
  }
  const item = { context, event, index, param, bytes };
  return { plain: PLAIN[param.type]?.(item) ?? "(n.a.)", resolved: RESOLVED[param.type]?.(item) ?? "" };
}

/** What `evt.arg` shows: the resolved form if there is one. */
export function argText(context: Context, index: number): string {
  const { event } = context;
  // What conditions ask for most is text as it is.
  if (EVENTS[event.code]!.params[index]!.type === "CHARBUF") return paramString(event, index);
  const { plain, resolved } = paramText(context, index);
  return resolved || plain;
}

/** What `evt.args` shows: every parameter as `name=plain(resolved)`. */
export function argsText(context: Context): string {
  const { code } = context.event;
  // Calls without an event of their own carry numbers that say nothing.
  if (code === EVENT.GENERIC_X || code === EVENT.GENERIC_E) return "";
  const { params } = EVENTS[code]!;
  const count = Math.min(params.length, context.event.paramCount);
  const parts: string[] = [];
  for (let i = 0; i < count; i++) {
    const { plain, resolved } = paramText(context, i);
    parts.push(`${params[i]!.name}=${plain}${resolved ? `(${resolved})` : ""}`);
  }
  return parts.join(" ");
}

// For alerts, which are few; what conditions ask for most has been answered before it comes to these.
isSeldom(paramText, argText, argsText, integer, ...Object.values(PLAIN), ...Object.values(RESOLVED));
