import { ipText } from "../event/ip-text.ts";
import { FD, type Fd, L4, type SocketEnds } from "./fd.ts";
import { isConnectedInet } from "./fd-kind.ts";
import { type Interfaces, sameBytes } from "./interfaces.ts";

const ZERO4 = new Uint8Array(4);
const ZERO16 = new Uint8Array(16);

/** Ends of a socket that is not bound or connected yet; `size` is 4 or 16. */
export function noEnds(size: number): SocketEnds {
  const zero = size === 4 ? ZERO4 : ZERO16;
  return { sourceIp: zero, sourcePort: 0, destIp: zero, destPort: 0 };
}

/**
 * Turns the entry into a connected one of the other family, or of a listening socket into a connected one.
 * What was known of its ends is void, and with the family the protocol too: a dual-stack socket that talks
 * IPv4 shows none, unless the caller knows better.
 */
export function becomeConnected(fd: Fd, kind: typeof FD.IPV4_SOCK | typeof FD.IPV6_SOCK): SocketEnds {
  const size = kind === FD.IPV4_SOCK ? 4 : 16;
  if (!fd.ends || fd.ends.sourceIp.length !== size) {
    if (fd.ends) fd.l4 = L4.UNKNOWN;
    fd.ends = noEnds(size);
  }
  fd.kind = kind;
  return fd.ends;
}

/**
 * Takes over the ends that an event reported. Nothing changes when they are the ones known, in either
 * direction. A destination that is known stays, unless `overwriteDest`. True when something changed.
 */
export function updateEnds(fd: Fd, next: SocketEnds, overwriteDest: boolean): boolean {
  const ends = fd.ends!;
  if (isConnectedInet(fd.kind) && (isSame(ends, next) || isSame(swapped(ends), next))) return false;
  let changed = false;
  if (!sameBytes(ends.sourceIp, next.sourceIp)) {
    ends.sourceIp = next.sourceIp;
    changed = true;
  }
  if (ends.sourcePort !== next.sourcePort) {
    ends.sourcePort = next.sourcePort;
    changed = true;
  }
  if (isZero(ends.destIp) || (overwriteDest && !sameBytes(ends.destIp, next.destIp))) {
    ends.destIp = next.destIp;
    changed = true;
  }
  if (ends.destPort === 0 || (overwriteDest && ends.destPort !== next.destPort)) {
    ends.destPort = next.destPort;
    changed = true;
  }
  return changed;
}

const swapped = (ends: SocketEnds): SocketEnds => ({
  sourceIp: ends.destIp,
  sourcePort: ends.destPort,
  destIp: ends.sourceIp,
  destPort: ends.sourcePort,
});

/** The stored source is the client: what comes from the other side is turned around. */
export function swapEnds(fd: Fd): void {
  if (fd.ends) fd.ends = swapped(fd.ends);
}

function isSame(a: SocketEnds, b: SocketEnds): boolean {
  return (
    a.sourcePort === b.sourcePort &&
    a.destPort === b.destPort &&
    sameBytes(a.sourceIp, b.sourceIp) &&
    sameBytes(a.destIp, b.destIp)
  );
}

export const isZero = (ip: Uint8Array): boolean => ip.every((byte) => byte === 0);

/** Fills an end that is not known ("any") with the address of ours that fits the other end best. */
export function fillUnknownEnd(fd: Fd, interfaces: Interfaces): void {
  const ends = fd.ends;
  if (!ends || !isConnectedInet(fd.kind)) return;
  const sourceUnknown = isZero(ends.sourceIp);
  if (!sourceUnknown && !isZero(ends.destIp)) return;
  const other = sourceUnknown ? ends.destIp : ends.sourceIp;
  const own = interfaces.nearest(other) ?? (other.length === 4 ? ZERO4 : ZERO16);
  if (sameBytes(own, other) && ends.sourcePort === ends.destPort) return;
  if (sourceUnknown) ends.sourceIp = own;
  else ends.destIp = own;
}

/** What `fd.name` shows of a connected socket. */
export function connectedName({ kind, l4, ends }: Fd): string {
  if (!ends) return "";
  const { sourceIp, sourcePort, destIp, destPort } = ends;
  if (l4 === L4.TCP || l4 === L4.UDP) {
    return `${ipText(sourceIp)}:${sourcePort}->${ipText(destIp)}:${destPort}`;
  }
  const portless = l4 === L4.ICMP || (l4 === L4.RAW && kind === FD.IPV4_SOCK);
  return portless ? `${ipText(sourceIp)}->${ipText(destIp)}` : "<unknown>";
}
