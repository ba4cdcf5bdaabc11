import { DESCRIPTOR_BITS } from "../../../schema/native-flags.ts";
import type { FillerSet } from "../filler.ts";
import { sockaddr, socketTuple } from "../socket-tuple.ts";
import { arg, bits, int, NOTHING, type Read, result, uint } from "../values.ts";

const res = result;
const EINPROGRESS = 115;
const LAST_SHUTDOWN = 2;
const UNKNOWN_SHUTDOWN = 255;

const zero: Read<number> = () => 0;

const accepted = {
  fd: result,
  tuple: ((call) => (call.result < 0 ? NOTHING : socketTuple(call, call.result, "in"))) as Read,
  // How full the listening socket's queue is, only the kernel knows.
  queuepct: zero,
  queuelen: zero,
  queuemax: zero,
};

/** A connection under way counts as one. */
const connected: Read<Uint8Array> = (call) =>
  call.result === 0 || call.result === -EINPROGRESS
    ? socketTuple(call, int(0)(call), "out", call.args[1]!)
    : NOTHING;

/** Making, naming and connecting sockets. */
export const socketFillers: FillerSet = {
  SOCKET_SOCKET_X: {
    fd: result,
    domain: uint(0),
    type: uint(1),
    proto: uint(2),
    flags: bits(arg(1), DESCRIPTOR_BITS),
  },
  SOCKET_BIND_X: { res, addr: sockaddr(1, 2), fd: int(0) },
  SOCKET_CONNECT_X: { res, tuple: connected, fd: int(0), addr: sockaddr(1, 2) },
  SOCKET_SHUTDOWN_X: {
    res,
    fd: int(0),
    how: (call) => (uint(1)(call) > LAST_SHUTDOWN ? UNKNOWN_SHUTDOWN : uint(1)(call)),
  },
  SOCKET_GETSOCKNAME_X: {},
  SOCKET_GETPEERNAME_X: {},
  SOCKET_LISTEN_X: { res, fd: int(0), backlog: int(1) },
  SOCKET_ACCEPT_5_X: accepted,
  SOCKET_ACCEPT4_6_X: { ...accepted, flags: bits(arg(3), DESCRIPTOR_BITS) },
};
