import { SOCKOPT_LEVEL_VALUES, SOCKOPT_VALUES } from "../../../schema/native-flags.ts";
import type { FillerSet } from "../filler.ts";
import type { Invocation } from "../tracee.ts";
import {
  bytesAt,
  int,
  NOTHING,
  pointed,
  pointedInt,
  type Read,
  result,
  translate,
  uint,
  word,
} from "../values.ts";

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

const level = uint(1);
const option = uint(2);

function variant(kind: number, value: bigint, size: 4 | 8): Uint8Array {
  const bytes = Buffer.alloc(9);
  bytes[0] = kind;
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value), 1);
  return bytes.subarray(0, 1 + size);
}

function value(call: Invocation, length: number): Uint8Array {
  const number = option(call);
  if (level(call) === SOL_SOCKET) {
    if (number === SO_ERROR) return variant(DYN.errno, BigInt(-pointedInt(3, 0)(call)), 8);
    // struct timeval, recorded in nanoseconds.
    if (TIMEOUTS.includes(number))
      return variant(DYN.time, word(3, 0)(call) * 1_000_000_000n + word(3, 1)(call) * 1000n, 8);
    if (number === SO_COOKIE) return variant(DYN.uint64, pointed(3, 0, 8)(call), 8);
    if (number > 0 && number <= LAST_SAME && !STRUCTURES.includes(number))
      return variant(DYN.uint32, pointed(3, 0, 4)(call), 4);
  }
  const bytes = length > 0 ? bytesAt(call, call.args[3]!, Math.min(length, MAX_VALUE)) : NOTHING;
  return Buffer.concat([Buffer.of(DYN.bytes), bytes]);
}

/** The option as recorded; only those of SOL_SOCKET have names. */
const recordedOption: Read<number> = (call) => {
  if (level(call) !== SOL_SOCKET) return 0;
  return option(call) > LAST_SAME ? translate(option, SOCKOPT_VALUES, 0)(call) : option(call);
};

const params = (length: Read<number>) => ({
  res: result,
  fd: int(0),
  level: translate(level, SOCKOPT_LEVEL_VALUES, 0),
  optname: recordedOption,
  val: (call: Invocation) => value(call, length(call)),
  optlen: length,
});

/** getsockopt(2) and setsockopt(2). */
export const socketOptionFillers: FillerSet = {
  SOCKET_SETSOCKOPT_X: params(uint(4)),
  SOCKET_GETSOCKOPT_X: params(pointedInt(4, 0)),
};
