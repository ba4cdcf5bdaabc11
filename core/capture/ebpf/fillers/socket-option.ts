import { SOCKOPT_LEVEL_VALUES, SOCKOPT_VALUES } from "../../../schema/native-flags.ts";
import type { Value, Writer } from "../emitter.ts";
import type { FillerSet } from "../program.ts";
import {
  arg,
  combine,
  constant,
  fdArg,
  int,
  match,
  result,
  translate,
  uint,
  userRead,
  userWord,
  when,
} from "../values.ts";
import { scalar, sequence, userBytes } from "../writers.ts";

/** Variants of the value. */
const DYN = { bytes: 0, errno: 1, uint32: 2, uint64: 3, time: 4 } as const;

const SOL_SOCKET = 1;
/** The last option whose number is the same in the record; what lies behind has a name or none, see SOCKOPT_VALUES. */
const LAST_SAME = 50;
const MAX_VALUE = 65535 - 1;

const SO_ERROR = 4;
const SO_COOKIE = 57;
/** Receive and send timeouts; both kinds for times of 32 and of 64 bits. */
const TIMEOUTS = [20, 21, 66, 67];
/** SO_LINGER, SO_PEERCRED, SO_ATTACH_FILTER, SO_PEERNAME, SO_ATTACH_BPF and the like hold structures. */
const STRUCTURES = [13, 17, 26, 28, 50];

const level = uint(arg(1));
const option = uint(arg(2));
const memory = arg(3);

const numbers = Array.from({ length: LAST_SAME }, (_, i) => i + 1).filter(
  (number) => number !== SO_ERROR && !TIMEOUTS.includes(number) && !STRUCTURES.includes(number),
);

const variant = (kind: number, payload: Writer): Writer => sequence(scalar(1, constant(kind)), payload);

/** The struct timeval in nanoseconds. */
const timeval = combine(
  "add",
  combine("mul", userWord(memory, 0), constant(1_000_000_000)),
  combine("mul", userWord(memory, 1), constant(1000)),
);

function value(length: Value): Writer {
  const bytes = variant(DYN.bytes, userBytes(memory, length, MAX_VALUE));
  const ofSocket = match(
    option,
    [
      [[SO_ERROR], variant(DYN.errno, scalar(8, combine("sub", constant(0), int(userRead(memory, 0, 4)))))],
      [TIMEOUTS, variant(DYN.time, scalar(8, timeval))],
      [[SO_COOKIE], variant(DYN.uint64, scalar(8, userRead(memory, 0, 8)))],
      [numbers, variant(DYN.uint32, scalar(4, userRead(memory, 0, 4)))],
    ],
    bytes,
  );
  return when(level, "eq", SOL_SOCKET, ofSocket, bytes);
}

/** The option as recorded; only those of SOL_SOCKET have names. */
const recordedOption = when(
  level,
  "eq",
  SOL_SOCKET,
  when(option, "gt", LAST_SAME, translate(option, SOCKOPT_VALUES, 0), option),
  constant(0),
);

function params(length: Value) {
  return {
    res: result,
    fd: fdArg(0),
    level: translate(level, SOCKOPT_LEVEL_VALUES, 0),
    optname: recordedOption,
    val: value(length),
    optlen: length,
  };
}

/** getsockopt(2) and setsockopt(2). */
export function socketOptionFillers(): FillerSet {
  return {
    SOCKET_SETSOCKOPT_X: { params: params(uint(arg(4))) },
    SOCKET_GETSOCKOPT_X: { params: params(userRead(arg(4), 0, 4)) },
  };
}
