import { dlopen, type Pointer, read } from "bun:ffi";
import { FalcoError } from "../errors.ts";

/** The few calls of libc that Bun has no door to: datagram sockets, and writes that never wait. */
const symbols = {
  __errno_location: { args: [], returns: "ptr" },
  poll: { args: ["ptr", "u64", "i32"], returns: "i32" },
  write: { args: ["i32", "ptr", "u64"], returns: "i64" },
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  connect: { args: ["i32", "ptr", "u32"], returns: "i32" },
  send: { args: ["i32", "ptr", "u64", "i32"], returns: "i64" },
  pipe2: { args: ["ptr", "i32"], returns: "i32" },
  close: { args: ["i32"], returns: "i32" },
} as const;

const LIBRARIES = ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"];

function open() {
  let last: unknown;
  for (const name of LIBRARIES) {
    try {
      return dlopen(name, symbols).symbols;
    } catch (error) {
      last = error;
    }
  }
  throw new FalcoError("LIBC", "Cannot load libc: none of its usual names could be opened", { cause: last });
}

let opened: ReturnType<typeof open> | undefined;

/** libc, opened at first use; a library handle is per thread in Bun, and so is errno. */
export function posixIo(): ReturnType<typeof open> {
  opened ??= open();
  return opened;
}

/** errno of the last call made in this thread. Read it before anything else happens. */
export const lastErrno = (): number => read.i32(posixIo().__errno_location() as Pointer, 0);

export const ERRNO = {
  ENOENT: 2,
  EINTR: 4,
  EIO: 5,
  EBADF: 9,
  EAGAIN: 11,
  EACCES: 13,
  ENOSPC: 28,
  EPIPE: 32,
  ENXIO: 6,
  EMSGSIZE: 90,
  ECONNRESET: 104,
  ENOBUFS: 105,
  ENOTCONN: 107,
  ECONNREFUSED: 111,
} as const;

const NAMES = new Map(Object.entries(ERRNO).map(([name, number]) => [number as number, name]));

/** A failed call as an Error whose message says which and why: `connect: ECONNREFUSED`. */
export class ErrnoError extends Error {
  readonly errno: number;
  constructor(call: string, errno: number) {
    super(`${call}: ${NAMES.get(errno) ?? `errno ${errno}`}`);
    this.name = "ErrnoError";
    this.errno = errno;
  }
}
