import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  isSockaddrValid,
  isSocktupleValid,
  sockaddrText,
  socktupleText,
} from "../../event/sockets.ts";
import { isSeldom } from "../../ffi/seldom.ts";
import { EVENT } from "../../schema/event-codes.ts";
import { FD, Fd, L4, OPEN_FLAG, ROLE, type SocketEnds } from "../fd.ts";
import { becomeConnected, connectedName, noEnds, swapEnds, updateEnds } from "../socket-ends.ts";
import type { State } from "../state.ts";
import type { Thread } from "../thread.ts";
import { enterOf } from "./enter.ts";
import { type Address, addrOf, tupleOf, unixOf } from "./socket-params.ts";
import { resultOf, type Update, type UpdateTable } from "./update.ts";

const AF_NETLINK = 16;
const SOCK = { STREAM: 1, DGRAM: 2, RAW: 3 } as const;
const IPPROTO = { IP: 0, ICMP: 1, TCP: 6, UDP: 17, RAW: 255 } as const;
const EINPROGRESS = 115;

const socket: Update = (state, event) => {
  const number = resultOf(event);
  if (!state.thread || number < 0) return;
  const fd = newSocket(event.uint(1, 0), event.uint(2, 0), event.uint(3, 0));
  fd.openFlags = event.uint(4, 0);
  state.addFd(state.thread, number, fd);
};

/** A socket that is neither bound nor connected. */
export function newSocket(domain: number, type: number, protocol: number): Fd {
  if (domain === AF_UNIX) return new Fd(FD.UNIX_SOCK);
  if (domain === AF_NETLINK) return new Fd(FD.NETLINK);
  if (domain !== AF_INET && domain !== AF_INET6) return new Fd(FD.UNKNOWN);
  const fd = new Fd(domain === AF_INET ? FD.IPV4_SOCK : FD.IPV6_SOCK);
  fd.l4 = l4Of(type, protocol);
  fd.ends = noEnds(domain === AF_INET ? 4 : 16);
  return fd;
}

function l4Of(type: number, protocol: number): number {
  const raw = type === SOCK.RAW;
  switch (protocol) {
    case IPPROTO.TCP:
      return raw ? L4.RAW : L4.TCP;
    case IPPROTO.UDP:
      return raw ? L4.RAW : L4.UDP;
    case IPPROTO.ICMP:
      return raw ? L4.RAW : L4.ICMP;
    case IPPROTO.RAW:
      return L4.RAW;
    case IPPROTO.IP:
      return (type & 0xff) === SOCK.STREAM ? L4.TCP : (type & 0xff) === SOCK.DGRAM ? L4.UDP : L4.UNKNOWN;
    default:
      return L4.UNKNOWN;
  }
}

const socketpair: Update = (state, event) => {
  const { thread } = state;
  if (!thread || resultOf(event) < 0) return;
  const [first, second] = [event.int(1, -1), event.int(2, -1)];
  if (first === second) {
    state.fd = undefined;
    return;
  }
  const fd = new Fd(FD.UNIX_SOCK);
  fd.unixSource = event.bigint(3, false);
  fd.unixDestination = event.bigint(4, false);
  state.addFd(thread, second, fd.clone());
  state.addFd(thread, first, fd);
  // The first end is the event's entry, but the second the last number seen.
  thread.lastEventFd = second;
};

const bind: Update = (state, event) => {
  const fd = resultOf(event) < 0 ? undefined : state.ownFd();
  if (!fd) return;
  const bytes = event.slice(1);
  if (!isSockaddrValid(bytes)) return;
  const address = addrOf(bytes);
  if (address && address.port > 0) {
    const { ip } = address;
    // A dual-stack socket bound to an IPv4 address, or to "any", counts as IPv4.
    fd.kind = ip.length === 4 ? FD.IPV4_SERVSOCK : FD.IPV6_SERVSOCK;
    fd.ends = { ...noEnds(ip.length), sourceIp: ip, sourcePort: address.port };
    fd.role = fd.role === ROLE.NONE ? ROLE.SERVER : fd.role;
  }
  fd.name = sockaddrText(bytes);
};

const connect: Update = (state, event) => {
  const result = resultOf(event);
  const fd = result < 0 && result !== -EINPROGRESS ? undefined : state.ownFd();
  if (!state.thread || !fd) return;
  fd.connected = true;
  const asked = enterOf(state, event.code);
  const askedBytes = asked?.slice(1);
  const askedAddress = askedBytes && isSockaddrValid(askedBytes) ? askedBytes : undefined;
  const tuple = event.slice(1);
  if (tuple.length === 0) {
    if (askedAddress) connectTo(fd, askedAddress, socktupleText(tuple));
    return;
  }
  if (!isSocktupleValid(tuple)) return;
  const given = event.slice(3);
  connectTuple(fd, tuple, isSockaddrValid(given) ? given : undefined, askedAddress);
};

/** Only what the program asked for is known: the far end. */
function connectTo(fd: Fd, bytes: Uint8Array, otherName: string): void {
  const address = addrOf(bytes);
  if (!address) {
    fd.name = otherName;
    return;
  }
  const ends = becomeConnected(fd, address.ip.length === 4 ? FD.IPV4_SOCK : FD.IPV6_SOCK);
  ends.destIp = address.ip;
  ends.destPort = address.port;
}

/**
 * Both ends are known. Where the kernel connected to what the call was given in the end, what it was given at
 * its start counts: the memory may have been changed to hide the true address.
 */
function connectTuple(
  fd: Fd,
  tuple: Buffer,
  given: Uint8Array | undefined,
  asked: Uint8Array | undefined,
): void {
  const family = tuple[0];
  if (family === AF_INET || family === AF_INET6) {
    const next = tupleOf(tuple)!;
    const exact = tupleOf(tuple, false)!;
    const trusted = given && asked && given[0] === asked[0] && matches(addrOf(given, false), exact);
    const address = trusted ? addrOf(asked, next.destIp.length !== exact.destIp.length) : undefined;
    if (address && address.ip.length === next.destIp.length) {
      next.destIp = address.ip;
      next.destPort = address.port;
    }
    becomeConnected(fd, next.sourceIp.length === 4 ? FD.IPV4_SOCK : FD.IPV6_SOCK);
    const changed = updateEnds(fd, next, true);
    if (changed && fd.role === ROLE.SERVER && fd.kind === FD.IPV4_SOCK && fd.l4 === L4.UDP) swapEnds(fd);
    fd.name = connectedName(fd);
  } else {
    if (fd.kind !== FD.UNIX_SOCK) return;
    const unix = unixOf(tuple);
    fd.unixSource = unix.source;
    fd.unixDestination = unix.destination;
    const path =
      given && asked && given[0] === AF_UNIX && asked[0] === AF_UNIX && sockaddrText(given) === unix.path
        ? sockaddrText(asked)
        : unix.path;
    fd.name = `${unix.source.toString(16)}->${unix.destination.toString(16)} ${path}`;
  }
  if (fd.role === ROLE.NONE) fd.role = ROLE.CLIENT;
}

const matches = (address: Address | undefined, ends: SocketEnds): boolean =>
  address !== undefined && address.port === ends.destPort && Buffer.compare(address.ip, ends.destIp) === 0;

const accept =
  (flagsParam: number): Update =>
  (state, event) => {
    const { thread } = state;
    const number = resultOf(event);
    if (!thread || number < 0) return;
    thread.lastEventFd = number;
    const tuple = event.slice(1);
    if (!isSocktupleValid(tuple)) return;
    const fd = acceptedSocket(tuple);
    if (!fd) return;
    fd.name = socktupleText(tuple);
    fd.openFlags = flagsParam < 0 ? 0 : event.uint(flagsParam, 0) & OPEN_FLAG.CLOEXEC;
    fd.role = ROLE.SERVER;
    fd.connected = true;
    state.addFd(thread, number, fd);
  };

function acceptedSocket(tuple: Buffer): Fd | undefined {
  const ends = tupleOf(tuple);
  if (ends) {
    const fd = new Fd(ends.sourceIp.length === 4 ? FD.IPV4_SOCK : FD.IPV6_SOCK);
    fd.ends = ends;
    fd.l4 = L4.TCP;
    return fd;
  }
  if (tuple[0] !== AF_UNIX) return undefined;
  const fd = new Fd(FD.UNIX_SOCK);
  const { source, destination } = unixOf(tuple);
  fd.unixSource = source;
  fd.unixDestination = destination;
  return fd;
}

/** A datagram socket that was there before we looked: sending tells of it. */
export function inferSocket(state: State, thread: Thread, number: number, tuple: Uint8Array): void {
  if (tuple[0] !== AF_INET && tuple[0] !== AF_INET6) return;
  state.addFd(thread, number, newSocket(tuple[0], SOCK.DGRAM, IPPROTO.UDP));
}

isSeldom(socket, newSocket, socketpair, bind, connect, connectTo, connectTuple, accept(-1), acceptedSocket);

export const socketUpdates: UpdateTable = {
  [EVENT.SOCKET_SOCKET_X]: socket,
  [EVENT.SOCKET_SOCKETPAIR_X]: socketpair,
  [EVENT.SOCKET_BIND_X]: bind,
  [EVENT.SOCKET_CONNECT_X]: connect,
  [EVENT.SOCKET_ACCEPT_5_X]: accept(-1),
  [EVENT.SOCKET_ACCEPT4_6_X]: accept(5),
};
