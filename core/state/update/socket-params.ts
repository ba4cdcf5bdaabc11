import { isMappedIpv4 } from "../../event/ip-text.ts";
import { AF_INET, AF_INET6 } from "../../event/sockets.ts";
import type { SocketEnds } from "../fd.ts";

/** An address of the network, with IPv4-mapped ones as the IPv4 addresses they stand for. */
export interface Address {
  readonly ip: Uint8Array;
  readonly port: number;
}

const port = (bytes: Uint8Array, at: number): number => bytes[at]! | (bytes[at + 1]! << 8);
/** A copy: the event's memory is used again. */
const copy = (bytes: Uint8Array, at: number, size: number): Uint8Array =>
  Uint8Array.prototype.slice.call(bytes, at, at + size);

/** The address of a valid SOCKADDR parameter (layout: core/event/sockets.ts); undefined for other families. */
export function addrOf(bytes: Uint8Array, unmap = true): Address | undefined {
  if (bytes[0] === AF_INET) return { ip: copy(bytes, 1, 4), port: port(bytes, 5) };
  if (bytes[0] !== AF_INET6) return undefined;
  const ip = unmap && isMappedIpv4(bytes, 1) ? copy(bytes, 13, 4) : copy(bytes, 1, 16);
  return { ip, port: port(bytes, 17) };
}

/**
 * The ends of a valid SOCKTUPLE parameter of the network; undefined for other families. IPv6 becomes IPv4
 * when both ends are mapped.
 */
export function tupleOf(bytes: Uint8Array, unmap = true): SocketEnds | undefined {
  if (bytes[0] === AF_INET) {
    return {
      sourceIp: copy(bytes, 1, 4),
      sourcePort: port(bytes, 5),
      destIp: copy(bytes, 7, 4),
      destPort: port(bytes, 11),
    };
  }
  if (bytes[0] !== AF_INET6) return undefined;
  const mapped = unmap && isMappedIpv4(bytes, 1) && isMappedIpv4(bytes, 19);
  return {
    sourceIp: mapped ? copy(bytes, 13, 4) : copy(bytes, 1, 16),
    sourcePort: port(bytes, 17),
    destIp: mapped ? copy(bytes, 31, 4) : copy(bytes, 19, 16),
    destPort: port(bytes, 35),
  };
}

/** The kernel addresses of both ends of a unix socket, and its path. */
export function unixOf(bytes: Buffer): { source: bigint; destination: bigint; path: string } {
  const nul = bytes.indexOf(0, 17);
  return {
    source: bytes.readBigUInt64LE(1),
    destination: bytes.readBigUInt64LE(9),
    path: bytes.utf8Slice(17, nul < 0 ? bytes.length : nul),
  };
}
