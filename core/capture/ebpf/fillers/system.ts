import { DELETE_MODULE_BITS } from "../../../schema/native-flags.ts";
import type { Value } from "../emitter.ts";
import type { FillerSet } from "../program.ts";
import { usedString } from "../used-values.ts";
import {
  arg,
  bits,
  constant,
  fdArg,
  int,
  masked,
  match,
  result,
  uint,
  userRead,
  userWord,
  when,
} from "../values.ts";
import { empty, userBytes, userString } from "../writers.ts";
import { keyctlFiller } from "./keyctl.ts";
import { quotactlFiller } from "./quotactl.ts";

const res = result;
const MAX_MODULE_BYTES = 65535;
const MODULE_FLAGS = 7;
const minusOne = constant(-1);
const LAST_RLIMIT = 15;
const UNKNOWN_RLIMIT = 255;

/** enum fsconfig_command */
const FSCONFIG = { string: 1, binary: 2, path: 3, pathEmpty: 4 } as const;

/** struct rlimit { long current, maximum } at a user address. */
const limit = (at: Value, index: 0 | 1): Value => userWord(at, index);
/** struct rlimit64, as wide in every program. */
const limit64 = (at: Value, index: 0 | 1): Value => userRead(at, 8 * index, 8);
const succeeded = (value: Value): Value => when(result, "eq", 0, value, minusOne);

function resource(index: number): Value {
  const value = uint(arg(index));
  return when(value, "gt", LAST_RLIMIT, constant(UNKNOWN_RLIMIT), value);
}

/** Limits, modules, keys, quotas, and the kernel's other switches. */
export function systemFillers(): FillerSet {
  const set = (writer: Value): Value => when(result, "slt", 0, empty, writer);
  const command = uint(arg(1));
  return {
    SYSCALL_GETRLIMIT_X: {
      params: {
        res,
        cur: succeeded(limit(arg(1), 0)),
        max: succeeded(limit(arg(1), 1)),
        resource: resource(0),
      },
    },
    SYSCALL_SETRLIMIT_X: {
      params: { res, cur: limit(arg(1), 0), max: limit(arg(1), 1), resource: resource(0) },
    },
    SYSCALL_PRLIMIT_X: {
      params: {
        res,
        newcur: limit64(arg(2), 0),
        newmax: limit64(arg(2), 1),
        oldcur: succeeded(limit64(arg(3), 0)),
        oldmax: succeeded(limit64(arg(3), 1)),
        pid: int(arg(0)),
        resource: resource(1),
      },
    },
    SYSCALL_BPF_2_X: { params: { fd: res, cmd: uint(arg(0)) } },
    SYSCALL_SECCOMP_X: { params: { res, op: arg(0), flags: uint(arg(1)) } },
    SYSCALL_INIT_MODULE_X: {
      params: {
        res,
        img: userBytes(arg(0), arg(1), MAX_MODULE_BYTES),
        length: arg(1),
        uargs: usedString(2),
      },
    },
    SYSCALL_FINIT_MODULE_X: {
      params: { res, fd: fdArg(0), uargs: usedString(1), flags: masked(arg(2), MODULE_FLAGS) },
    },
    SYSCALL_DELETE_MODULE_X: {
      params: { res, name: userString(arg(0)), flags: bits(arg(1), DELETE_MODULE_BITS) },
    },
    SYSCALL_FSCONFIG_X: {
      params: {
        res,
        fd: fdArg(0),
        cmd: command,
        key: usedString(2),
        value_bytebuf: set(
          match(command, [[[FSCONFIG.binary], userBytes(arg(3), int(arg(4)), MAX_MODULE_BYTES)]], empty),
        ),
        value_charbuf: set(
          match(command, [[[FSCONFIG.string, FSCONFIG.path, FSCONFIG.pathEmpty], usedString(3)]], empty),
        ),
        aux: int(arg(4)),
      },
    },
    SYSCALL_KEYCTL_X: keyctlFiller(),
    SYSCALL_QUOTACTL_X: quotactlFiller(),
  };
}
