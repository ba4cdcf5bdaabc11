import { POLL_BITS } from "../../../schema/native-flags.ts";
import type { FillerSet } from "../filler.ts";
import {
  arg,
  bytesAt,
  int,
  masked,
  pointed,
  type Read,
  result,
  translateBits,
  uint,
  word,
} from "../values.ts";

const res = result;
const FUTEX_COMMAND = 127;
const MAX_POLLED = 16;
/** struct pollfd { int fd; short events, revents } */
const POLLFD = { size: 8, answered: 6 } as const;
const ENTRY_SIZE = 10;

/** Nanoseconds of the struct timespec that an argument points to. */
const timespec =
  (index: number): Read<bigint> =>
  (call) =>
    word(index, 0)(call) * 1_000_000_000n + word(index, 1)(call);

/** What poll(2) answered: | number u16 | descriptor i64, events u16 | … of the first descriptors. */
const polled: Read<Uint8Array> = (call) => {
  const number = Math.min(uint(1)(call), MAX_POLLED);
  const from = Buffer.from(bytesAt(call, call.args[0]!, number * POLLFD.size));
  const found = Math.floor(from.length / POLLFD.size);
  const record = Buffer.alloc(2 + found * ENTRY_SIZE);
  record.writeUInt16LE(found);
  for (let i = 0; i < found; i++) {
    const at = 2 + i * ENTRY_SIZE;
    record.writeBigInt64LE(BigInt(from.readInt32LE(i * POLLFD.size)), at);
    const events = from.readUInt16LE(i * POLLFD.size + POLLFD.answered);
    record.writeUInt16LE(translateBits(events, POLL_BITS), at + 8);
  }
  return record;
};

/** Waiting for descriptors, time and other threads. */
export const waitFillers: FillerSet = {
  SYSCALL_POLL_X: { res, fds: polled, timeout: int(2) },
  SYSCALL_PPOLL_X: { res, fds: polled, timeout: timespec(2), sigmask: pointed(3, 0, 4) },
  SYSCALL_SELECT_X: { res },
  SYSCALL_EPOLLWAIT_X: { res, maxevents: int(2) },
  SYSCALL_NANOSLEEP_X: { res, interval: timespec(0) },
  SYSCALL_FUTEX_X: { res, addr: arg(0), op: masked(1, FUTEX_COMMAND), val: arg(2) },
};
