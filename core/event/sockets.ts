import { ipv4Text, ipv6Text, isMappedIpv4 } from "./ip-text.ts";

export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;

/**
 * Layouts of socket parameters, as capture records hold them (ports little-endian, addresses in network order):
 *
 *   SOCKADDR   | family u8 | ip 4 | port u16 |      | family u8 | ip 16 | port u16 |     | family u8 | path … NUL |
 *   SOCKTUPLE  | family u8 | sip 4 | sport u16 | dip 4 | dport u16 |   (16-byte addresses for IPv6)
 *              | family u8 | source u64 | destination u64 | path … NUL |   (unix)
 */
const SIZE = { addr4: 7, addr6: 19, tuple4: 13, tuple6: 37, tupleUnix: 17 } as const;

/** True when the bytes hold a whole address of their family; families without a layout need only the byte. */
export function isSockaddrValid(bytes: Uint8Array): boolean {
  if (bytes.length === 0) return false;
  if (bytes[0] === AF_INET) return bytes.length >= SIZE.addr4;
  if (bytes[0] === AF_INET6) return bytes.length >= SIZE.addr6;
  return bytes[0] !== AF_UNIX || bytes.length > 1;
}

/** True when the bytes hold a whole tuple of their family. */
export function isSocktupleValid(bytes: Uint8Array): boolean {
  if (bytes.length === 0) return false;
  if (bytes[0] === AF_INET) return bytes.length >= SIZE.tuple4;
  if (bytes[0] === AF_INET6) return bytes.length >= SIZE.tuple6;
  return bytes[0] !== AF_UNIX || bytes.length > SIZE.tupleUnix;
}

const port = (bytes: Uint8Array, at: number): number => bytes[at]! | (bytes[at + 1]! << 8);

const cText = (bytes: Uint8Array, at: number): string => {
  const nul = bytes.indexOf(0, at);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(
    "utf8",
    at,
    nul < 0 ? undefined : nul,
  );
};

/** Kernel addresses are shown as plain lower-case hexadecimal. */
const pointer = (bytes: Uint8Array, at: number): string =>
  new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(at, true).toString(16);

const INVALID: Readonly<Record<number, string>> = {
  [AF_UNIX]: "INVALID PATH",
  [AF_INET]: "INVALID IPv4",
  [AF_INET6]: "INVALID IPv6",
};

/** What a SOCKADDR parameter shows: `ip:port`, a unix path, or what is wrong with it. */
export function sockaddrText(bytes: Uint8Array): string {
  if (bytes.length === 0) return "<NA>";
  const family = bytes[0]!;
  if (!isSockaddrValid(bytes)) return INVALID[family] ?? "INVALID SOCKADDR";
  if (family === AF_UNIX) return cText(bytes, 1);
  if (family === AF_INET) return `${ipv4Text(bytes, 1)}:${port(bytes, 5)}`;
  if (family === AF_INET6) return `${ipv6Text(bytes, 1)}:${port(bytes, 17)}`;
  return `family ${family}`;
}

/**
 * What a SOCKTUPLE parameter shows. An IPv6 tuple whose ends are both mapped is shown as IPv4. ICMP and raw
 * IPv4 sockets have no ports to show: `portless` says so.
 */
export function socktupleText(bytes: Uint8Array, portless = false): string {
  if (bytes.length === 0) return "NULL";
  const family = bytes[0]!;
  if (!isSocktupleValid(bytes)) return INVALID[family] ?? "INVALID SOCKTUPLE";
  if (family === AF_UNIX) return `${pointer(bytes, 1)}->${pointer(bytes, 9)} ${cText(bytes, 17)}`;
  if (family === AF_INET)
    return ends(ipv4Text(bytes, 1), port(bytes, 5), ipv4Text(bytes, 7), port(bytes, 11), portless);
  if (family === AF_INET6) {
    const text = isMappedIpv4(bytes, 1) && isMappedIpv4(bytes, 19) ? mappedText : ipv6Text;
    return ends(
      text(bytes, 1),
      port(bytes, 17),
      text(bytes, 19),
      port(bytes, 35),
      portless && text === mappedText,
    );
  }
  return `family ${family}`;
}

const mappedText = (bytes: Uint8Array, at: number): string => ipv4Text(bytes, at + 12);

function ends(
  sourceIp: string,
  sourcePort: number,
  destIp: string,
  destPort: number,
  portless: boolean,
): string {
  return portless ? `${sourceIp}->${destIp}` : `${sourceIp}:${sourcePort}->${destIp}:${destPort}`;
}
