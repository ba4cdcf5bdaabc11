import { SEMCTL_VALUES, SEMGET_BITS, SEMOP_BITS } from "../../../schema/native-flags.ts";
import type { Value } from "../emitter.ts";
import type { FillerSet } from "../program.ts";
import { arg, bits, constant, int, result, translate, uint, userRead, when } from "../values.ts";

const res = result;
const zero = constant(0);
const SETVAL = 16;
const SEMBUF_SIZE = 6;

/** Member of the operation `index` of a semop(2) that succeeded: struct sembuf { u16 number; s16 operation; s16 flags }. */
function operation(index: 0 | 1, offset: number): Value {
  const read = userRead(arg(1), index * SEMBUF_SIZE + offset, 2);
  return when(result, "ne", 0, zero, when(uint(arg(2)), "gt", index, read, zero));
}

/** Signals and semaphores. */
export function ipcFillers(): FillerSet {
  return {
    SYSCALL_KILL_X: { params: { res, pid: int(arg(0)), sig: arg(1) } },
    SYSCALL_TKILL_X: { params: { res, tid: int(arg(0)), sig: arg(1) } },
    SYSCALL_TGKILL_X: { params: { res, pid: int(arg(0)), tid: int(arg(1)), sig: arg(2) } },
    SYSCALL_SEMOP_X: {
      params: {
        res,
        nsops: uint(arg(2)),
        sem_num_0: operation(0, 0),
        sem_op_0: operation(0, 2),
        sem_flg_0: bits(operation(0, 4), SEMOP_BITS),
        sem_num_1: operation(1, 0),
        sem_op_1: operation(1, 2),
        sem_flg_1: bits(operation(1, 4), SEMOP_BITS),
        semid: int(arg(0)),
      },
    },
    SYSCALL_SEMGET_X: {
      params: { res, key: int(arg(0)), nsems: int(arg(1)), semflg: bits(arg(2), SEMGET_BITS) },
    },
    SYSCALL_SEMCTL_X: {
      params: {
        res,
        semid: int(arg(0)),
        semnum: int(arg(1)),
        cmd: translate(uint(arg(2)), SEMCTL_VALUES, 0),
        val: when(uint(arg(2)), "eq", SETVAL, int(arg(3)), zero),
      },
    },
  };
}
