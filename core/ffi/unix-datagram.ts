import { constants } from "node:os";
import { FalcoError } from "../errors.ts";
import { errno, libc } from "./libc.ts";
import { closeFd } from "./pipe.ts";
import { SystemError } from "./system-error.ts";

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;
/** sizeof(sun_path), its final NUL included. */
const PATH_MAX = 108;

/**
 * Connects a datagram socket to a unix path and returns its descriptor. It never blocks.
 * struct sockaddr_un: u16 family (host order), char path[108], NUL-terminated.
 */
export function connectDatagram(path: string): number {
  const name = Buffer.from(path);
  if (name.length >= PATH_MAX) {
    throw new FalcoError(
      "SOCKET_PATH",
      `Cannot connect to ${path}: a socket path has at most ${PATH_MAX - 1} bytes`,
    );
  }
  const address = Buffer.alloc(2 + PATH_MAX);
  address.writeUInt16LE(AF_UNIX, 0);
  name.copy(address, 2);
  const fd = libc().socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) throw new SystemError("socket", errno());
  if (libc().connect(fd, address, 2 + name.length + 1) !== 0) {
    const code = errno();
    closeFd(fd);
    throw new SystemError(`connect ${path}`, code);
  }
  return fd;
}

/** Sends one datagram; false means that the receiver's queue is full and it may be tried again. */
export function sendDatagram(fd: number, bytes: Uint8Array): boolean {
  if (Number(libc().send(fd, bytes, bytes.length, MSG_NOSIGNAL)) >= 0) return true;
  const code = errno();
  if (code === constants.errno.EAGAIN || code === constants.errno.ENOBUFS || code === constants.errno.EINTR)
    return false;
  throw new SystemError("send", code);
}
