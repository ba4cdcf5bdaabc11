import type { FillerSet } from "../filler.ts";
import { vectorBytes, vectorSize } from "../memory-vector.ts";
import { readNumber } from "../process-memory.ts";
import { type Direction, socketTuple } from "../socket-tuple.ts";
import type { Invocation } from "../tracee.ts";
import { bytesAt, int, NOTHING, type Read, result, uint, wordAt } from "../values.ts";

const res = result;
const fd = int(0);
const size = uint(2);
const MAX_CONTROL = 65535;

/** struct mmsghdr: a header, and behind it the length that went. */
const NATIVE = { header: 56, stride: 64 };
const COMPAT = { header: 28, stride: 32 };

/** struct user_msghdr: name, length of the name, iovecs, their number, control data, their length; all words. */
function header(call: Invocation, at: bigint) {
  const field = (index: number): bigint => wordAt(call, at, index);
  return {
    name: field(0),
    iov: field(2),
    count: field(3),
    control: field(4),
    controlLength: Number(field(5) & BigInt(MAX_CONTROL)),
  };
}

/** The header of a sendmsg(2), and of the current one of several messages. */
const one = (call: Invocation) => header(call, call.args[1]!);
function messageAt(call: Invocation): bigint {
  const { stride } = call.compat ? COMPAT : NATIVE;
  return call.args[1]! + BigInt(call.repetition * stride);
}
const each = (call: Invocation) => header(call, messageAt(call));
function messageLength(call: Invocation): number {
  const { header: offset } = call.compat ? COMPAT : NATIVE;
  return Number(readNumber(call.tid, messageAt(call) + BigInt(offset), 4));
}

const tuple =
  (direction: Direction, peer: (call: Invocation) => bigint | undefined): Read<Uint8Array> =>
  (call) =>
    call.result < 0 ? NOTHING : socketTuple(call, fd(call), direction, peer(call));
const some =
  <T extends number | Uint8Array>(read: Read<T>, otherwise: Read<T>): Read<T> =>
  (call) =>
    call.result > 0 ? read(call) : otherwise(call);
const nothing: Read<Uint8Array> = () => NOTHING;
const zero: Read<number> = () => 0;

/** Sending and receiving on sockets, with both ends where the call succeeded; `snapLength` bytes of data are kept. */
export function messageFillers(snapLength: number): FillerSet {
  const bytes = (call: Invocation, length: number): Uint8Array =>
    length > 0 ? bytesAt(call, call.args[1]!, Math.min(length, snapLength)) : NOTHING;
  const vector = (call: Invocation, at: typeof one, length: number): Uint8Array => {
    const { iov, count } = at(call);
    return length > 0 ? vectorBytes(call, iov, count, Math.min(length, snapLength)) : NOTHING;
  };
  const vectorTotal = (call: Invocation, at: typeof one): number => {
    const { iov, count } = at(call);
    return vectorSize(call, iov, count);
  };
  const control = (call: Invocation, at: typeof one): Uint8Array => {
    const { control: address, controlLength } = at(call);
    return controlLength > 0 ? bytesAt(call, address, controlLength) : NOTHING;
  };
  const sent: Read<Uint8Array> = (call) => bytes(call, call.result > 0 ? call.result : size(call));
  const received: Read<Uint8Array> = (call) => bytes(call, call.result);
  const several: Read<Uint8Array> = some((call) => vector(call, each, messageLength(call)), nothing);
  const unnamed = (): undefined => undefined;
  const named = (call: Invocation): bigint => call.args[4]!;
  return {
    SOCKET_SEND_X: { res, data: sent, fd, size, tuple: tuple("out", unnamed) },
    SOCKET_SENDTO_X: { res, data: sent, fd, size, tuple: tuple("out", named) },
    SOCKET_RECV_X: { res, data: received, fd, size, tuple: tuple("in", unnamed) },
    SOCKET_RECVFROM_X: { res, data: received, tuple: tuple("in", named), fd, size },
    SOCKET_SENDMSG_X: {
      res,
      data: (call) => vector(call, one, call.result > 0 ? call.result : snapLength),
      fd,
      size: (call) => vectorTotal(call, one),
      tuple: tuple("out", (call) => one(call).name),
    },
    SOCKET_RECVMSG_X: {
      res,
      size: (call) => Math.max(0, call.result),
      data: (call) => vector(call, one, call.result),
      tuple: tuple("in", (call) => one(call).name),
      msgcontrol: (call) => (call.result >= 0 ? control(call, one) : NOTHING),
      fd,
    },
    SOCKET_SENDMMSG_X: {
      res: some(messageLength, res),
      fd,
      size: some((call) => vectorTotal(call, each), zero),
      data: several,
      tuple: some(
        tuple("out", (call) => each(call).name),
        nothing,
      ),
    },
    SOCKET_RECVMMSG_X: {
      res: some(messageLength, res),
      fd,
      size: some(messageLength, zero),
      data: several,
      tuple: some(
        tuple("in", (call) => each(call).name),
        nothing,
      ),
      msgcontrol: some((call) => control(call, each), nothing),
    },
  };
}
