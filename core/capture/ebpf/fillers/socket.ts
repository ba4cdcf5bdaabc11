import { DESCRIPTOR_BITS } from "../../../schema/native-flags.ts";
import type { Value } from "../emitter.ts";
import { fileOf, resultFile } from "../file-values.ts";
import type { FillerSet } from "../program.ts";
import { sockaddr, socketTuple, sockOf } from "../socket-writers.ts";
import {
  arg,
  bits,
  combine,
  constant,
  divide,
  fdArg,
  int,
  member,
  result,
  shared,
  uint,
  when,
} from "../values.ts";
import { empty } from "../writers.ts";

const EINPROGRESS = 115;

const argFile = shared(fileOf(arg(0)));
const accepted = (value: Value, otherwise: Value): Value => when(result, "sge", 0, value, otherwise);

/** The queue of the listening socket, which is the call's first argument. */
const queued = shared(accepted(member(sockOf(argFile), "sock", "sk_ack_backlog"), constant(0)));
const queueMax = shared(accepted(member(sockOf(argFile), "sock", "sk_max_ack_backlog"), constant(0)));
const queuePercent = divide(combine("mul", queued, constant(100)), queueMax);

const acceptParams = {
  fd: result,
  tuple: accepted(socketTuple(resultFile, "in"), empty),
  queuepct: queuePercent,
  queuelen: queued,
  queuemax: queueMax,
};

/** A connection under way counts as one. */
const connectTuple = when(
  result,
  "eq",
  0,
  socketTuple(argFile, "out", arg(1)),
  when(result, "eq", -EINPROGRESS, socketTuple(argFile, "out", arg(1)), empty),
);

const LAST_SHUTDOWN = 2;
const shutdownHow = when(uint(arg(1)), "gt", LAST_SHUTDOWN, constant(255), arg(1));

/** Making, naming and connecting sockets. */
export function socketFillers(): FillerSet {
  return {
    SOCKET_SOCKET_X: {
      params: {
        fd: result,
        domain: uint(arg(0)),
        type: uint(arg(1)),
        proto: uint(arg(2)),
        flags: bits(arg(1), DESCRIPTOR_BITS),
      },
    },
    SOCKET_BIND_X: { params: { res: result, addr: sockaddr(arg(1), arg(2)), fd: fdArg(0) } },
    SOCKET_CONNECT_X: {
      params: { res: result, tuple: connectTuple, fd: fdArg(0), addr: sockaddr(arg(1), arg(2)) },
    },
    SOCKET_SHUTDOWN_X: { params: { res: result, fd: fdArg(0), how: shutdownHow } },
    SOCKET_GETSOCKNAME_X: { params: {} },
    SOCKET_GETPEERNAME_X: { params: {} },
    SOCKET_LISTEN_X: { params: { res: result, fd: fdArg(0), backlog: int(arg(1)) } },
    SOCKET_ACCEPT_5_X: { params: acceptParams },
    SOCKET_ACCEPT4_6_X: { params: { ...acceptParams, flags: bits(arg(3), DESCRIPTOR_BITS) } },
  };
}
