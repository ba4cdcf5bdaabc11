import { SEMCTL_VALUES, SEMGET_BITS, SEMOP_BITS } from "../../../schema/native-flags.ts";
import type { FillerSet } from "../filler.ts";
import { arg, bits, int, pointed, type Read, result, translate, uint } from "../values.ts";

const res = result;
const SETVAL = 16;
const SEMBUF_SIZE = 6;

/** Member of the operation `index` of a semop(2) that succeeded: struct sembuf { u16 number; s16 operation; s16 flags }. */
const operation =
  (index: 0 | 1, offset: number): Read<number> =>
  (call) =>
    call.result === 0 && uint(2)(call) > index
      ? Number(pointed(1, index * SEMBUF_SIZE + offset, 2)(call))
      : 0;

/** Signals and semaphores. */
export const ipcFillers: FillerSet = {
  SYSCALL_KILL_X: { res, pid: int(0), sig: arg(1) },
  SYSCALL_TKILL_X: { res, tid: int(0), sig: arg(1) },
  SYSCALL_TGKILL_X: { res, pid: int(0), tid: int(1), sig: arg(2) },
  SYSCALL_SEMOP_X: {
    res,
    nsops: uint(2),
    sem_num_0: operation(0, 0),
    sem_op_0: operation(0, 2),
    sem_flg_0: bits(operation(0, 4), SEMOP_BITS),
    sem_num_1: operation(1, 0),
    sem_op_1: operation(1, 2),
    sem_flg_1: bits(operation(1, 4), SEMOP_BITS),
    semid: int(0),
  },
  SYSCALL_SEMGET_X: { res, key: int(0), nsems: int(1), semflg: bits(arg(2), SEMGET_BITS) },
  SYSCALL_SEMCTL_X: {
    res,
    semid: int(0),
    semnum: int(1),
    cmd: translate(uint(2), SEMCTL_VALUES, 0),
    val: (call) => (uint(2)(call) === SETVAL ? int(3)(call) : 0),
  },
};
