import type { FillerSet } from "../filler.ts";
import { vectorBytes, vectorSize } from "../memory-vector.ts";
import type { Invocation } from "../tracee.ts";
import { arg, bytesAt, int, NOTHING, pointed, type Read, result, uint } from "../values.ts";

const fd = int(0);
const size = uint(2);

/** A file position from argument 3 on: one register, or two in 32-bit programs. */
const pos: Read<bigint> = (call) =>
  call.compat ? BigInt(uint(3)(call)) | (call.args[4]! << 32n) : call.args[3]!;

const receivedSize: Read<number> = (call) => Math.max(0, call.result);
const offeredSize: Read<number> = (call) => vectorSize(call, call.args[1]!, call.args[2]!);

/** Reading, writing and copying between descriptors and processes; `snapLength` bytes of data are kept. */
export function dataFillers(snapLength: number): FillerSet {
  const bytes = (call: Invocation, length: number): Uint8Array =>
    length > 0 ? bytesAt(call, call.args[1]!, Math.min(length, snapLength)) : NOTHING;
  const vector = (call: Invocation, length: number): Uint8Array =>
    length > 0 ? vectorBytes(call, call.args[1]!, call.args[2]!, Math.min(length, snapLength)) : NOTHING;
  // What arrived: the result says how much. What was sent, or all that was offered where nothing went.
  const readData: Read = (call) => bytes(call, call.result);
  const writtenData: Read = (call) => bytes(call, call.result > 0 ? call.result : size(call));
  const readVector: Read = (call) => vector(call, call.result);
  const writtenVector: Read = (call) => vector(call, call.result > 0 ? call.result : snapLength);
  const res = result;
  return {
    SYSCALL_READ_X: { res, data: readData, fd, size },
    SYSCALL_WRITE_X: { res, data: writtenData, fd, size },
    SYSCALL_PREAD_X: { res, data: readData, fd, size, pos },
    SYSCALL_PWRITE_X: { res, data: writtenData, fd, size, pos },
    SYSCALL_READV_X: { res, size: receivedSize, data: readVector, fd },
    SYSCALL_WRITEV_X: { res, data: writtenVector, fd, size: offeredSize },
    SYSCALL_PREADV_X: { res, size: receivedSize, data: readVector, fd, pos },
    SYSCALL_PWRITEV_X: { res, data: writtenVector, fd, size: offeredSize, pos },
    SYSCALL_PROCESS_VM_READV_X: { res, pid: int(0), data: readVector },
    SYSCALL_PROCESS_VM_WRITEV_X: { res, pid: int(0), data: readVector },
    SYSCALL_SENDFILE_X: { res, offset: pointed(2, 0, 8), out_fd: fd, in_fd: int(1), size: arg(3) },
    SYSCALL_SPLICE_X: { res, fd_in: fd, fd_out: int(2), size: arg(4), flags: arg(5) },
    SYSCALL_COPY_FILE_RANGE_X: { res, fdout: int(2), offout: arg(3), fdin: fd, offin: arg(1), len: arg(4) },
  };
}
