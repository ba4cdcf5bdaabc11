import { constants } from "node:os";
import { errno, libc } from "./libc.ts";
import { SystemError } from "./system-error.ts";

/** A pipe or socket that is reported writable takes at least this much at once without waiting (PIPE_BUF, pipe(7)). */
const ATOMIC = 4096;
const POLLOUT = 4;

/** struct pollfd: int fd; short events; short revents. */
const pollfd = Buffer.alloc(8);

function writable(fd: number): boolean {
  pollfd.writeInt32LE(fd, 0);
  pollfd.writeInt16LE(POLLOUT, 4);
  pollfd.writeInt16LE(0, 6);
  // Errors and hang-ups count as ready: the write that follows says what is wrong.
  return libc().poll(pollfd, 1, 0) > 0;
}

/**
 * Writes as much as the descriptor takes right now and returns how many bytes that was; 0 means it is full.
 * Works on blocking pipes, sockets and terminals without changing their mode, which other processes may share.
 * Throws SystemError (EPIPE when the reader is gone).
 */
export function writeReady(fd: number, bytes: Uint8Array): number {
  let done = 0;
  while (done < bytes.length && writable(fd)) {
    const chunk = bytes.subarray(done, done + ATOMIC);
    const n = Number(libc().write(fd, chunk, chunk.length));
    if (n < 0) {
      const code = errno();
      if (code === constants.errno.EINTR) continue;
      if (code === constants.errno.EAGAIN) break;
      throw new SystemError("write", code);
    }
    done += n;
  }
  return done;
}
