import { DYN_VARIANTS, type DynVariant } from "./dyn-variants.ts";
import { FLAG_TABLES, type FlagTable, type FlagTableName } from "./flags.ts";

export type ParamType =
  | "NONE"
  | "INT8"
  | "INT16"
  | "INT32"
  | "INT64"
  | "UINT8"
  | "UINT16"
  | "UINT32"
  | "UINT64"
  | "CHARBUF"
  | "BYTEBUF"
  | "ERRNO"
  | "SOCKADDR"
  | "SOCKTUPLE"
  | "FD"
  | "PID"
  | "FDLIST"
  | "FSPATH"
  | "SYSCALLID"
  | "SIGTYPE"
  | "RELTIME"
  | "ABSTIME"
  | "PORT"
  | "L4PROTO"
  | "SOCKFAMILY"
  | "BOOL"
  | "IPV4ADDR"
  | "DYN"
  | "FLAGS8"
  | "FLAGS16"
  | "FLAGS32"
  | "UID"
  | "GID"
  | "DOUBLE"
  | "SIGSET"
  | "CHARBUFARRAY"
  | "CHARBUF_PAIR_ARRAY"
  | "IPV4NET"
  | "IPV6ADDR"
  | "IPV6NET"
  | "IPADDR"
  | "IPNET"
  | "MODE"
  | "FSRELPATH"
  | "ENUMFLAGS8"
  | "ENUMFLAGS16"
  | "ENUMFLAGS32"
  | "FD32"
  | "PID32";

export type PrintFormat = "NA" | "DEC" | "HEX" | "10_PADDED_DEC" | "ID" | "DIR" | "OCT";

/** Event flags as bits, named as the letters of the event table. */
export const EF = {
  CREATES_FD: 1,
  DESTROYS_FD: 2,
  USES_FD: 4,
  READS_FROM_FD: 8,
  WRITES_TO_FD: 16,
  MODIFIES_STATE: 32,
  UNUSED: 64,
  WAITS: 128,
  SKIPS_RESET: 256,
  OLD_VERSION: 512,
  LARGE_PAYLOAD: 2048,
  CONVERTER_MANAGED: 4096,
} as const;

const FLAG_LETTERS: Readonly<Record<string, number>> = {
  C: EF.CREATES_FD,
  D: EF.DESTROYS_FD,
  U: EF.USES_FD,
  R: EF.READS_FROM_FD,
  W: EF.WRITES_TO_FD,
  S: EF.MODIFIES_STATE,
  x: EF.UNUSED,
  w: EF.WAITS,
  k: EF.SKIPS_RESET,
  o: EF.OLD_VERSION,
  L: EF.LARGE_PAYLOAD,
  v: EF.CONVERTER_MANAGED,
};

export interface Param {
  readonly name: string;
  readonly type: ParamType;
  readonly format: PrintFormat;
  /** Names of the values, for FLAGS, ENUMFLAGS and MODE types. */
  readonly flags?: FlagTable;
  readonly flagsName?: FlagTableName;
  /** Variants of a DYN parameter. */
  readonly dyn?: readonly DynVariant[];
  /** For FSRELPATH: index of the parameter that holds the directory's descriptor. */
  readonly dirfd?: number;
}

export interface EventInfo {
  readonly code: number;
  /** Identifier without the PPME_ prefix, for example SYSCALL_OPENAT_2_X. */
  readonly id: string;
  /** What `evt.type` shows. */
  readonly name: string;
  readonly category: string;
  /** SYSCALL, TRACEPOINT, PLUGIN, METAEVENT, ITER or UNKNOWN. */
  readonly origin: string;
  readonly flags: number;
  readonly params: readonly Param[];
  /** Names of the system calls that produce it. */
  readonly syscalls: readonly string[];
}

export type EventRow = readonly [
  code: number,
  id: string,
  name: string,
  category: string,
  origin: string,
  flags: string,
  params: string,
  syscalls: string,
];

const words = (text: string): string[] => (text === "" ? [] : text.split(" "));

/** `name:TYPE{info}/FORMAT` to a parameter. */
function parseParam(text: string): Param {
  const match = /^([^:]+):([A-Z0-9_]+)(?:\{(\w+)\})?(?:\/(\w+))?$/.exec(text);
  if (!match) throw new Error(`event table: bad parameter "${text}"`);
  const [, name, type, info, format] = match as unknown as [string, string, ParamType, string?, PrintFormat?];
  const param = { name, type, format: format ?? ("DEC" as const) };
  if (info === undefined) return param;
  if (/^\d+$/.test(info)) return { ...param, dirfd: Number(info) };
  const dyn = DYN_VARIANTS[info];
  if (dyn) return { ...param, dyn };
  const flagsName = info as FlagTableName;
  return { ...param, flags: FLAG_TABLES[flagsName], flagsName };
}

/** Turns a row of the event table into its typed form. */
export function parseEventRow([
  code,
  id,
  name,
  category,
  origin,
  flags,
  params,
  syscalls,
]: EventRow): EventInfo {
  let bits = 0;
  for (const letter of flags) bits |= FLAG_LETTERS[letter]!;
  return {
    code,
    id,
    name,
    category,
    origin,
    flags: bits,
    params: words(params).map(parseParam),
    syscalls: words(syscalls),
  };
}
