import { FalcoError } from "../errors.ts";
import { errno, libc } from "./libc.ts";
import { closeFd } from "./pipe.ts";
import { SystemError } from "./system-error.ts";

const AF_UNIX = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
/** sizeof(sun_path), its final NUL included. */
const PATH_MAX = 108;

/** Kinds of unix sockets (socket(2)). */
export const SOCKET = { STREAM: 1, DATAGRAM: 2 } as const;

/**
 * Connects a socket to a unix path and returns its descriptor, which never blocks.
 * struct sockaddr_un: u16 family (host order), char path[108], NUL-terminated. Throws SystemError.
 */
export function connectUnix(path: string, kind: (typeof SOCKET)[keyof typeof SOCKET]): number {
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
  const fd = libc().socket(AF_UNIX, kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) throw new SystemError("socket", errno());
  if (libc().connect(fd, address, 2 + name.length + 1) !== 0) {
    const code = errno();
    closeFd(fd);
    throw new SystemError(`connect ${path}`, code);
  }
  return fd;
}
