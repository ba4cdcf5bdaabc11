import type { EventCursor } from "../../event/cursor.ts";
import { AF_INET, AF_INET6, AF_UNIX, isSocktupleValid, socktupleText } from "../../event/sockets.ts";
import { EVENT } from "../../schema/event-codes.ts";
import { FD, type Fd, L4, ROLE } from "../fd.ts";
import { isConnectedInet } from "../fd-kind.ts";
import { becomeConnected, connectedName, fillUnknownEnd, swapEnds, updateEnds } from "../socket-ends.ts";
import type { State } from "../state.ts";
import { learnPassed } from "./passed-descriptors.ts";
import { inferSocket } from "./socket.ts";
import { tupleOf, unixOf } from "./socket-params.ts";
import { resultOf, type Update, type UpdateTable } from "./update.ts";

type Direction = "in" | "out";
const NO_TUPLE = -1;
const SEND = { fd: 2, tuple: 4 } as const;

/** Reading and writing: a socket that moved data is connected, and may tell its ends. */
const transfer =
  (direction: Direction, tupleParam: number): Update =>
  (state, event) => {
    const { fd } = state;
    if (!fd || resultOf(event) < 0) return;
    if (isConnectedInet(fd.kind) && !fd.connected) state.ownFd()!.connected = true;
    if (tupleParam === NO_TUPLE || (fd.name !== "" && fd.kind === FD.IPV4_SOCK && fd.l4 === L4.TCP)) return;
    if (event.size(tupleParam) > 0) learnEnds(state, event, state.ownFd()!, tupleParam, direction);
  };

const send: Update = (state, event) => {
  const { thread } = state;
  if (!state.fd && thread && resultOf(event) >= 0 && event.size(SEND.tuple) > 0) {
    inferSocket(state, thread, event.int(SEND.fd, -1), event.slice(SEND.tuple));
  }
  transfer("out", SEND.tuple)(state, event);
};

function learnEnds(state: State, event: EventCursor, fd: Fd, param: number, direction: Direction): void {
  const tuple = event.slice(param);
  if (!isSocktupleValid(tuple) || !takeTuple(state, fd, tuple)) return;
  if (!isConnectedInet(fd.kind)) {
    fd.name = socktupleText(tuple);
    return;
  }
  if (fd.role === ROLE.NONE) fd.role = guessRole(state, fd, direction);
  // The tuple's source is the peer when receiving and ourselves when sending; the stored source is the client.
  if (fd.role === (direction === "in" ? ROLE.CLIENT : ROLE.SERVER)) swapEnds(fd);
  fd.name = connectedName(fd);
}

/** True when the tuple told something new. */
function takeTuple(state: State, fd: Fd, tuple: Buffer): boolean {
  const family = tuple[0];
  if (family === AF_UNIX) {
    const { source, destination } = unixOf(tuple);
    fd.kind = FD.UNIX_SOCK;
    fd.unixSource = source;
    fd.unixDestination = destination;
    return true;
  }
  if (family !== AF_INET && family !== AF_INET6) return true;
  const next = tupleOf(tuple)!;
  if (next.sourceIp.length === 4) asConnected(fd, family === AF_INET);
  else if (fd.ends?.sourceIp.length !== 16) becomeConnected(fd, FD.IPV6_SOCK);
  if (!updateEnds(fd, next, false)) return false;
  if (isConnectedInet(fd.kind) && fd.l4 === L4.UNKNOWN) fd.l4 = L4.UDP;
  fillUnknownEnd(fd, state.interfaces);
  return true;
}

/**
 * A bound datagram socket becomes a connected one. The reference reads its port and protocol as the address
 * of the far end then, and keeps that address; rules and dashboards see the same here.
 */
function asConnected(fd: Fd, keepsProtocol: boolean): void {
  const wasListening = fd.kind === FD.IPV4_SERVSOCK;
  const { l4, ends } = fd;
  becomeConnected(fd, FD.IPV4_SOCK);
  if (!wasListening || !ends || ends.sourceIp.length !== 4) return;
  fd.l4 = keepsProtocol ? l4 : L4.UNKNOWN;
  fd.ends = {
    sourceIp: ends.sourceIp,
    sourcePort: 0,
    destIp: Uint8Array.of(ends.sourcePort & 0xff, ends.sourcePort >> 8, l4, 0),
    destPort: 0,
  };
}

/** Nobody said who called whom: a process that is bound to the far port, or uses the near one, serves. */
function guessRole(state: State, fd: Fd, direction: Direction): typeof ROLE.CLIENT | typeof ROLE.SERVER {
  if (fd.kind === FD.IPV6_SOCK) return ROLE.CLIENT;
  const table = state.thread?.descriptors;
  const { sourcePort, destPort } = fd.ends!;
  let isBound = false;
  let isUsed = false;
  for (const { kind, ends } of table?.values() ?? []) {
    if (!ends) continue;
    if (kind === FD.IPV4_SOCK) {
      isBound ||= ends.destPort === destPort;
      isUsed ||= ends.sourcePort === sourcePort;
    } else if (kind === FD.IPV4_SERVSOCK) {
      isBound ||= ends.sourcePort === destPort;
    }
  }
  if (!isBound) return ROLE.CLIENT;
  if (!isUsed || direction === "in") return ROLE.SERVER;
  return ROLE.CLIENT;
}

/** A message may bring descriptors along. */
const receive = (tupleParam: number, controlParam: number): Update => {
  const update = transfer("in", tupleParam);
  return (state, event) => {
    update(state, event);
    learnPassed(state, event, controlParam);
  };
};

const read = transfer("in", NO_TUPLE);
const write = transfer("out", NO_TUPLE);

export const ioUpdates: UpdateTable = {
  [EVENT.SYSCALL_READ_X]: read,
  [EVENT.SYSCALL_READV_X]: read,
  [EVENT.SYSCALL_PREAD_X]: read,
  [EVENT.SYSCALL_PREADV_X]: read,
  [EVENT.SOCKET_RECV_X]: transfer("in", 4),
  [EVENT.SOCKET_RECVFROM_X]: transfer("in", 2),
  [EVENT.SOCKET_RECVMSG_X]: receive(3, 4),
  [EVENT.SOCKET_RECVMMSG_X]: receive(4, 5),
  [EVENT.SYSCALL_WRITE_X]: write,
  [EVENT.SYSCALL_WRITEV_X]: write,
  [EVENT.SYSCALL_PWRITE_X]: write,
  [EVENT.SYSCALL_PWRITEV_X]: write,
  [EVENT.SOCKET_SEND_X]: send,
  [EVENT.SOCKET_SENDTO_X]: send,
  [EVENT.SOCKET_SENDMSG_X]: send,
  [EVENT.SOCKET_SENDMMSG_X]: transfer("out", SEND.tuple),
};
