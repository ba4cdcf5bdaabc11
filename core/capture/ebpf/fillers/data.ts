import { iovecData, iovecSize, userData } from "../data-writers.ts";
import type { Value, Writer } from "../emitter.ts";
import type { FillerSet } from "../program.ts";
import {
  arg,
  combine,
  constant,
  fdArg,
  int,
  result,
  shiftLeft,
  uint,
  userRead,
  when,
  whenCompat,
} from "../values.ts";
import { empty } from "../writers.ts";

const res = result;
const fd = fdArg(0);
const size = uint(arg(2));

/** What arrived: the result says how much. */
const received = (write: Writer): Writer => when(result, "sgt", 0, write, empty);
const receivedSize = when(result, "sgt", 0, result, constant(0));

/** What was sent, or all that was offered where nothing went. */
const offered = (length: Value): Value => when(result, "sgt", 0, result, length);
const ANY_LENGTH = constant(0x7fff_ffff);

const readData = received(userData(arg(1), result));
const writtenData = userData(arg(1), offered(arg(2)));
const readVector = received(iovecData(arg(1), arg(2), result));
const writtenVector = iovecData(arg(1), arg(2), offered(ANY_LENGTH));
const vectorSize = iovecSize(arg(1), arg(2));

/** A file position from argument 3 on: one register, or two in 32-bit programs. */
const pos = whenCompat(combine("or", uint(arg(3)), shiftLeft(arg(4), 32)), arg(3));

/** Reading, writing and copying between descriptors and processes. */
export function dataFillers(): FillerSet {
  const pid = int(arg(0));
  return {
    SYSCALL_READ_X: { params: { res, data: readData, fd, size } },
    SYSCALL_WRITE_X: { params: { res, data: writtenData, fd, size } },
    SYSCALL_PREAD_X: { params: { res, data: readData, fd, size, pos } },
    SYSCALL_PWRITE_X: { params: { res, data: writtenData, fd, size, pos } },
    SYSCALL_READV_X: { params: { res, size: receivedSize, data: readVector, fd } },
    SYSCALL_WRITEV_X: { params: { res, data: writtenVector, fd, size: vectorSize } },
    SYSCALL_PREADV_X: { params: { res, size: receivedSize, data: readVector, fd, pos } },
    SYSCALL_PWRITEV_X: { params: { res, data: writtenVector, fd, size: vectorSize, pos } },
    SYSCALL_PROCESS_VM_READV_X: { params: { res, pid, data: readVector } },
    SYSCALL_PROCESS_VM_WRITEV_X: { params: { res, pid, data: readVector } },
    SYSCALL_SENDFILE_X: {
      params: { res, offset: userRead(arg(2), 0, 8), out_fd: fd, in_fd: fdArg(1), size: arg(3) },
    },
    SYSCALL_SPLICE_X: { params: { res, fd_in: fd, fd_out: fdArg(2), size: arg(4), flags: arg(5) } },
    SYSCALL_COPY_FILE_RANGE_X: {
      params: { res, fdout: fdArg(2), offout: arg(3), fdin: fd, offin: arg(1), len: arg(4) },
    },
  };
}
