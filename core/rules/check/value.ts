import type { FieldRead } from "../../fields/field.ts";
import type { ParamType } from "../../schema/event-row.ts";
import type { ValueNode } from "../language/ast.ts";
import { CheckError } from "./check-error.ts";
import { servicePort } from "./services.ts";

/** A network: address bytes (4 or 16) and how many leading bits count. */
export interface Network {
  readonly address: Uint8Array;
  readonly bits: number;
}

export type Constant = Exclude<FieldRead, undefined> | Network;

const INTEGER_BITS: Partial<Record<ParamType, readonly [bits: number, signed: boolean]>> = {
  INT8: [8, true],
  INT16: [16, true],
  INT32: [32, true],
  INT64: [64, true],
  FD: [64, true],
  FD32: [64, true],
  PID: [64, true],
  PID32: [64, true],
  ERRNO: [64, true],
  UINT8: [8, false],
  FLAGS8: [8, false],
  ENUMFLAGS8: [8, false],
  L4PROTO: [8, false],
  UINT16: [16, false],
  FLAGS16: [16, false],
  ENUMFLAGS16: [16, false],
  UINT32: [32, false],
  FLAGS32: [32, false],
  ENUMFLAGS32: [32, false],
  MODE: [32, false],
  UID: [32, false],
  GID: [32, false],
  UINT64: [64, false],
  RELTIME: [64, false],
  ABSTIME: [64, false],
};

export const isText = (type: ParamType): boolean =>
  type === "CHARBUF" || type === "FSPATH" || type === "FSRELPATH";

const clamp = (n: bigint, low: bigint, high: bigint): bigint => (n < low ? low : n > high ? high : n);
const narrow = (n: bigint): number | bigint =>
  n >= BigInt(Number.MIN_SAFE_INTEGER) && n <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(n) : n;

/** Decimal digits as C's scanf reads them: clamped to 64 bits, then cut to the field's width. */
function integer(text: string, bits: number, signed: boolean): number | bigint {
  if (!/^[ \t\n\v\f\r]*[+-]?\d+$/.test(text)) throw new CheckError(`${text} is not a valid number`);
  const wide = BigInt(text.trim().replace(/^\+/, ""));
  const fit = signed
    ? clamp(wide, -(2n ** 63n), 2n ** 63n - 1n)
    : clamp(wide, -(2n ** 64n) + 1n, 2n ** 64n - 1n);
  return narrow(signed ? BigInt.asIntN(bits, fit) : BigInt.asUintN(bits, fit));
}

/** Dotted IPv4 as inet_pton takes it: four decimal bytes without leading zeros. */
function ipv4(text: string): Uint8Array | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  if (!parts.every((p) => /^(?:0|[1-9]\d{0,2})$/.test(p) && Number(p) < 256)) return undefined;
  return Uint8Array.from(parts, Number);
}

/** IPv6 as inet_pton takes it, with `::` and a dotted tail. */
export function ipv6(text: string): Uint8Array | undefined {
  const dotted = /^(.*:)([\d.]+\.[\d.]+)$/.exec(text);
  let source = text;
  if (dotted) {
    const tail = ipv4(dotted[2]!);
    if (!tail) return undefined;
    const group = (i: number): string => ((tail[i]! << 8) | tail[i + 1]!).toString(16);
    source = `${dotted[1]}${group(0)}:${group(2)}`;
  }
  const halves = source.split("::");
  if (halves.length > 2) return undefined;
  const groups = halves.map((half) => (half === "" ? [] : half.split(":")));
  if (!groups.flat().every((g) => /^[0-9a-fA-F]{1,4}$/.test(g))) return undefined;
  const given = groups.flat().length;
  if (halves.length === 1 ? given !== 8 : given > 7) return undefined;
  const all = [...groups[0]!, ...Array<string>(8 - given).fill("0"), ...(groups[1] ?? [])];
  return Uint8Array.from(all.flatMap((g) => [Number.parseInt(g, 16) >> 8, Number.parseInt(g, 16) & 255]));
}

function address(text: string, four: boolean): Uint8Array {
  const bytes = four ? ipv4(text) : ipv6(text);
  if (!bytes) throw new CheckError(`unrecognized ${four ? "IPv4" : "IPv6"} address ${text}`);
  return bytes;
}

function network(text: string, four: boolean): Network {
  const slash = text.indexOf("/");
  if (slash < 0) {
    throw new CheckError(four ? `unrecognized IP network ${text}` : `invalid v6 netmask: ${text}`);
  }
  const bytes = four ? ipv4(text.slice(0, slash)) : ipv6(text.slice(0, slash));
  if (!bytes) throw new CheckError(`unrecognized ${four ? "IP" : "IPv6"} address ${text}`);
  const mask = text.slice(slash + 1);
  const bits = Number(integer(mask, 8, false));
  if (four && bits > 32) throw new CheckError(`invalid netmask ${mask}`);
  if (!four && (bits === 0 || bits > 128)) throw new CheckError(`invalid v6 netmask ${mask}`);
  return { address: bytes, bits };
}

function port(text: string): number {
  if (text === "") return 0;
  if (/^\d+$/.test(text)) return Number(integer(text, 16, false));
  const known = servicePort(text);
  if (known === undefined) throw new CheckError(`unrecognized protocol ${text}`);
  return known;
}

/** A literal as a value of the type it is compared with. Throws CheckError with the reference's wording. */
export function parseValue(type: ParamType, node: ValueNode): Constant {
  const { text } = node;
  if (type === "BYTEBUF") return node.bytes ?? Buffer.from(text);
  if (text.includes("\0")) {
    throw new CheckError("filter error: filter value cannot contain a NUL byte (\\x00)");
  }
  const width = INTEGER_BITS[type];
  if (width) return integer(text, ...width);
  switch (type) {
    case "BOOL":
      if (text !== "true" && text !== "false") {
        throw new CheckError(`filter error: unrecognized boolean value ${text}`);
      }
      return text === "true";
    case "DOUBLE":
      return Number(integer(text, 32, true));
    case "PORT":
      return port(text);
    case "SYSCALLID":
      throw new CheckError("wrong parameter type 16");
    case "IPADDR":
      return address(text, text.includes("."));
    case "IPV4ADDR":
      return address(text, true);
    case "IPV6ADDR":
      return address(text, false);
    case "IPNET":
      return network(text, text.includes("."));
    case "IPV4NET":
      return network(text, true);
    case "IPV6NET":
      return network(text, false);
    default:
      return text;
  }
}
