import { constants } from "node:os";
import { errno, libc } from "./libc.ts";
import { SystemError } from "./system-error.ts";
import { connectUnix, SOCKET } from "./unix-connect.ts";

const MSG_NOSIGNAL = 0x4000;

/** Connects a datagram socket to a unix path. */
export const connectDatagram = (path: string): number => connectUnix(path, SOCKET.DATAGRAM);

/** Sends one datagram; false means that the receiver's queue is full and it may be tried again. */
export function sendDatagram(fd: number, bytes: Uint8Array): boolean {
  if (Number(libc().send(fd, bytes, bytes.length, MSG_NOSIGNAL)) >= 0) return true;
  const code = errno();
  if (code === constants.errno.EAGAIN || code === constants.errno.ENOBUFS || code === constants.errno.EINTR)
    return false;
  throw new SystemError("send", code);
}
