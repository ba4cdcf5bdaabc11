import { constants } from "node:os";
import { closeFd } from "./ffi/pipe.ts";
import { SystemError } from "./ffi/system-error.ts";
import { connectDatagram, sendDatagram } from "./ffi/unix-datagram.ts";

/** Facility "user" (RFC 3164); the severity is added. */
const FACILITY = 1 << 3;
/** A datagram larger than the socket's buffer is refused; what daemons keep of a line is far less. */
const MAX_BYTES = 32 << 10;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** The local syslog daemon's socket. Connects at first use and again after the daemon restarted. */
export class SyslogSocket {
  readonly #path: string;
  readonly #ident: string;
  #fd: number | undefined;

  constructor(path = "/dev/log", ident = "falco") {
    this.#path = path;
    this.#ident = ident;
  }

  /** Sends a line with syslog's severity (0 to 7); false if the daemon's queue is full now. Throws SystemError. */
  send(severity: number, text: string): boolean {
    const head = `<${FACILITY + severity}>${stamp(new Date())} ${this.#ident}: `;
    let bytes = Buffer.from(head + text);
    if (bytes.length > MAX_BYTES) bytes = bytes.subarray(0, MAX_BYTES);
    const kept = this.#fd;
    this.#fd ??= connectDatagram(this.#path);
    try {
      return sendDatagram(this.#fd, bytes);
    } catch (error) {
      this.close();
      const restarted = error instanceof SystemError && error.errno !== constants.errno.EMSGSIZE;
      // Only a connection from before can have gone stale; a fresh one that fails has no daemon behind it.
      if (kept === undefined || !restarted) throw error;
      this.#fd = connectDatagram(this.#path);
      return sendDatagram(this.#fd, bytes);
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeFd(this.#fd);
    this.#fd = undefined;
  }
}

/** The local time as syslog(3) writes it: `Nov  1 01:07:46`. */
function stamp(time: Date): string {
  const two = (n: number): string => String(n).padStart(2, "0");
  const day = String(time.getDate()).padStart(2, " ");
  return `${MONTHS[time.getMonth()]} ${day} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}
