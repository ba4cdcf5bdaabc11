import { iovecData, iovecSize, userData } from "../data-writers.ts";
import type { Value, Writer } from "../emitter.ts";
import { fileOf } from "../file-values.ts";
import { type FillerSet, repetition } from "../program.ts";
import { type Direction, socketTuple } from "../socket-writers.ts";
import {
  arg,
  combine,
  constant,
  fdArg,
  masked,
  result,
  shared,
  uint,
  userRead,
  userWord,
  when,
  whenCompat,
} from "../values.ts";
import { empty, userBytes } from "../writers.ts";

const res = result;
const fd = fdArg(0);
const size = uint(arg(2));
const file = shared(fileOf(arg(0)));
const MAX_CONTROL = 65535;
/** More messages of one call are not recorded. */
const MAX_MESSAGES = 16;

const zero = constant(0);
const ANY_LENGTH = constant(0x7fff_ffff);
const arrived = (write: Writer): Writer => when(result, "sge", 0, write, empty);
const tuple = (direction: Direction, peer?: Value): Writer => arrived(socketTuple(file, direction, peer));

/** struct user_msghdr at `at`: name, length of the name, iovecs, their number, control data, their length; all words. */
function header(at: Value) {
  return {
    name: userWord(at, 0),
    iov: userWord(at, 2),
    count: userWord(at, 3),
    control: userWord(at, 4),
    controlLength: masked(userWord(at, 5), MAX_CONTROL),
  };
}

/** Where message `repetition` of a struct mmsghdr array starts; its length follows the header. */
const NATIVE = { header: 56, stride: 64 };
const COMPAT = { header: 28, stride: 32 };
const message = shared(
  whenCompat(
    combine("add", arg(1), combine("mul", repetition, constant(COMPAT.stride))),
    combine("add", arg(1), combine("mul", repetition, constant(NATIVE.stride))),
  ),
);
const messageLength = shared(
  whenCompat(userRead(message, COMPAT.header, 4), userRead(message, NATIVE.header, 4)),
);
const several = { count: result, max: MAX_MESSAGES };
const whenSome = (write: Writer): Writer => when(result, "sgt", 0, write, empty);
const anyValue = (value: Value, otherwise: Value): Value => when(result, "sgt", 0, value, otherwise);

/** Sending and receiving on sockets, with both ends where the call succeeded. */
export function messageFillers(): FillerSet {
  const sent = userData(arg(1), when(result, "sgt", 0, result, size));
  const received = when(result, "sgt", 0, userData(arg(1), result), empty);
  const one = header(arg(1));
  const each = header(message);
  const control = userBytes(one.control, one.controlLength, MAX_CONTROL);
  return {
    SOCKET_SEND_X: { params: { res, data: sent, fd, size, tuple: tuple("out") } },
    SOCKET_SENDTO_X: { params: { res, data: sent, fd, size, tuple: tuple("out", arg(4)) } },
    SOCKET_RECV_X: { params: { res, data: received, fd, size, tuple: tuple("in") } },
    SOCKET_RECVFROM_X: { params: { res, data: received, tuple: tuple("in", arg(4)), fd, size } },
    SOCKET_SENDMSG_X: {
      params: {
        res,
        data: iovecData(one.iov, one.count, when(result, "sgt", 0, result, ANY_LENGTH)),
        fd,
        size: iovecSize(one.iov, one.count),
        tuple: tuple("out", one.name),
      },
    },
    SOCKET_RECVMSG_X: {
      params: {
        res,
        size: when(result, "sgt", 0, result, zero),
        data: arrived(iovecData(one.iov, one.count, result)),
        tuple: tuple("in", one.name),
        msgcontrol: arrived(control),
        fd,
      },
    },
    SOCKET_SENDMMSG_X: {
      repeat: several,
      params: {
        res: anyValue(messageLength, result),
        fd,
        size: anyValue(iovecSize(each.iov, each.count), zero),
        data: whenSome(iovecData(each.iov, each.count, messageLength)),
        tuple: whenSome(socketTuple(file, "out", each.name, repetition)),
      },
    },
    SOCKET_RECVMMSG_X: {
      repeat: several,
      params: {
        res: anyValue(messageLength, result),
        fd,
        size: anyValue(messageLength, zero),
        data: whenSome(iovecData(each.iov, each.count, messageLength)),
        tuple: whenSome(socketTuple(file, "in", each.name)),
        msgcontrol: whenSome(userBytes(each.control, each.controlLength, MAX_CONTROL)),
      },
    },
  };
}
