import { DELETE_MODULE_BITS } from "../../../schema/native-flags.ts";
import type { FillerSet } from "../filler.ts";
import type { Invocation } from "../tracee.ts";
import {
  arg,
  bits,
  bytesAt,
  int,
  masked,
  NOTHING,
  pointed,
  type Read,
  result,
  text,
  uint,
  word,
} from "../values.ts";

const res = result;
const MAX_MODULE_BYTES = 65535;
const MODULE_FLAGS = 7;
const LAST_RLIMIT = 15;
const UNKNOWN_RLIMIT = 255;

/** enum fsconfig_command */
const FSCONFIG = { string: 1, binary: 2, path: 3, pathEmpty: 4 } as const;
const FSCONFIG_TEXTS: readonly number[] = [FSCONFIG.string, FSCONFIG.path, FSCONFIG.pathEmpty];

const orMinusOne =
  (read: Read<bigint>): Read<bigint> =>
  (call) =>
    call.result === 0 ? read(call) : -1n;

const resource =
  (index: number): Read<number> =>
  (call) => {
    const value = uint(index)(call);
    return value > LAST_RLIMIT ? UNKNOWN_RLIMIT : value;
  };

const fsconfigSet = (call: Invocation, commands: readonly number[]): boolean =>
  call.result >= 0 && commands.includes(uint(1)(call));

const moduleBytes = (call: Invocation, address: bigint, length: number): Uint8Array =>
  length > 0 ? bytesAt(call, address, Math.min(length, MAX_MODULE_BYTES)) : NOTHING;

/** Limits, modules, and the kernel's other switches. */
export const systemFillers: FillerSet = {
  SYSCALL_GETRLIMIT_X: {
    res,
    cur: orMinusOne(word(1, 0)),
    max: orMinusOne(word(1, 1)),
    resource: resource(0),
  },
  SYSCALL_SETRLIMIT_X: { res, cur: word(1, 0), max: word(1, 1), resource: resource(0) },
  SYSCALL_PRLIMIT_X: {
    res,
    newcur: pointed(2, 0, 8),
    newmax: pointed(2, 8, 8),
    oldcur: orMinusOne(pointed(3, 0, 8)),
    oldmax: orMinusOne(pointed(3, 8, 8)),
    pid: int(0),
    resource: resource(1),
  },
  SYSCALL_BPF_2_X: { fd: res, cmd: uint(0) },
  SYSCALL_SECCOMP_X: { res, op: arg(0), flags: uint(1) },
  SYSCALL_INIT_MODULE_X: {
    res,
    img: (call) => moduleBytes(call, call.args[0]!, Number(call.args[1]!)),
    length: arg(1),
    uargs: text(2),
  },
  SYSCALL_FINIT_MODULE_X: { res, fd: int(0), uargs: text(1), flags: masked(2, MODULE_FLAGS) },
  SYSCALL_DELETE_MODULE_X: { res, name: text(0), flags: bits(arg(1), DELETE_MODULE_BITS) },
  SYSCALL_FSCONFIG_X: {
    res,
    fd: int(0),
    cmd: uint(1),
    key: text(2),
    value_bytebuf: (call) =>
      fsconfigSet(call, [FSCONFIG.binary]) ? moduleBytes(call, call.args[3]!, int(4)(call)) : NOTHING,
    value_charbuf: (call) => (fsconfigSet(call, FSCONFIG_TEXTS) ? text(3)(call) : NOTHING),
    aux: int(4),
  },
};
