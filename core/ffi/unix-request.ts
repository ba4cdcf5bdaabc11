import { readSync } from "node:fs";
import { constants } from "node:os";
import { FalcoError } from "../errors.ts";
import { errno, libc } from "./libc.ts";
import { closeFd } from "./pipe.ts";
import { SystemError } from "./system-error.ts";
import { connectUnix, SOCKET } from "./unix-connect.ts";

const MSG_NOSIGNAL = 0x4000;
const POLLIN = 1;
const POLLOUT = 4;
const CHUNK = 64 << 10;

/**
 * Sends bytes to a unix stream socket and returns all that comes back until the other side closes. It blocks the
 * thread, for at most `timeoutMs` altogether: for the capture loop, which must know an answer before it goes on.
 * Throws when the socket can't be reached, the time is up, or the answer is longer than `maxBytes`.
 */
export function unixRequest(path: string, request: string, timeoutMs: number, maxBytes: number): Buffer {
  const deadline = performance.now() + timeoutMs;
  const fd = connectUnix(path, SOCKET.STREAM);
  try {
    sendAll(fd, Buffer.from(request), deadline);
    return receiveAll(fd, deadline, maxBytes);
  } finally {
    closeFd(fd);
  }
}

/** Waits until the descriptor is ready or the time is up. */
function wait(fd: number, events: number, deadline: number): void {
  const left = Math.ceil(deadline - performance.now());
  const entry = Buffer.alloc(8);
  entry.writeInt32LE(fd, 0);
  entry.writeInt16LE(events, 4);
  if (left <= 0 || libc().poll(entry, 1, left) <= 0) {
    throw new FalcoError("SOCKET_TIMEOUT", "Cannot talk to the socket: it did not answer in time");
  }
}

function sendAll(fd: number, bytes: Buffer, deadline: number): void {
  for (let sent = 0; sent < bytes.length; ) {
    wait(fd, POLLOUT, deadline);
    const part = bytes.subarray(sent);
    const count = Number(libc().send(fd, part, part.length, MSG_NOSIGNAL));
    if (count >= 0) {
      sent += count;
      continue;
    }
    const code = errno();
    if (code !== constants.errno.EAGAIN && code !== constants.errno.EINTR)
      throw new SystemError("send", code);
  }
}

function receiveAll(fd: number, deadline: number, maxBytes: number): Buffer {
  const chunks: Buffer[] = [];
  let total = 0;
  for (;;) {
    wait(fd, POLLIN, deadline);
    const chunk = Buffer.allocUnsafe(CHUNK);
    const count = readSync(fd, chunk);
    if (count === 0) return Buffer.concat(chunks);
    total += count;
    if (total > maxBytes)
      throw new FalcoError("SOCKET_ANSWER", "Cannot take the socket's answer: it is too long");
    chunks.push(chunk.subarray(0, count));
  }
}
