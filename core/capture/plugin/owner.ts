import { errno, libc } from "../../ffi/libc.ts";
import { closeFd } from "../../ffi/pipe.ts";
import { SystemError } from "../../ffi/system-error.ts";
import { LIBS_LEVELS, type LibsLevel } from "../../log.ts";
import { cText } from "./library.ts";
import { NativeBlock, nativeText } from "./native-block.ts";
import { OWNER, type OwnerFunctions, ownerFunctions } from "./owner-code.ts";

const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const AF_UNIX = 1;
const SOCK_SEQPACKET = 5;
const SOL_SOCKET = 1;
/** SO_SNDBUF, and SO_SNDBUFFORCE for those who may pass the system's bound. */
const SEND_BUFFER = [32, 7] as const;
const MSG_DONTWAIT = 0x40;
const MSG_TRUNC = 0x20;

/** Fields of a log record, and its end; what plugins say has none of these. */
const FORMAT = "%u\x1f%s\x1f%s\x1e";
/** Where the plugin named no part of itself that speaks, printf says so. */
const NOBODY = "(null)";

/** Events of a plugin that wait to be taken, in bytes; the longest of them. */
const WAITING_BYTES = 4 << 20;
export const MAX_ASYNC_EVENT = 1 << 20;

/** What a plugin knows as its owner: takes what it says from any thread, until the engine's thread fetches it. */
export class PluginOwner {
  readonly functions: OwnerFunctions = ownerFunctions();
  readonly #block = new NativeBlock(OWNER.size);
  readonly #format = nativeText(FORMAT);
  #lastError: NativeBlock | undefined;
  readonly #log: { readonly from: number; readonly to: number };
  readonly #logBytes = Buffer.alloc(64 << 10);
  #logRest = "";
  #events: { readonly from: number; readonly to: number } | undefined;
  #event: NativeBlock | undefined;

  constructor() {
    const [from, to] = descriptors("pipe2", (ends) => libc().pipe2(ends, O_CLOEXEC | O_NONBLOCK));
    this.#log = { from, to };
    const { view } = this.#block;
    view.setInt32(OWNER.logFd, to, true);
    view.setInt32(OWNER.eventFd, -1, true);
    this.#block.setAddress(OWNER.dprintf, Number(libc().dlsym(0, cText("dprintf"))));
    this.#block.setAddress(OWNER.send, Number(libc().dlsym(0, cText("send"))));
    this.#block.setAddress(OWNER.format, this.#format.address);
  }

  /** What plugins are given as their owner. */
  get address(): number {
    return this.#block.address;
  }

  /** The reason that a plugin is told when it asks why a call of it has failed. */
  set lastError(reason: string) {
    this.#lastError = reason === "" ? undefined : nativeText(reason);
    this.#block.setAddress(OWNER.lastError, this.#lastError?.address ?? 0);
  }

  /** Hands over what the plugin has logged since the last time; `name` speaks where it does not say who. */
  takeLog(name: string, take: (level: LibsLevel, message: string) => void): void {
    for (;;) {
      const count = Number(libc().read(this.#log.from, this.#logBytes, this.#logBytes.length));
      if (count <= 0) return;
      const records = (this.#logRest + this.#logBytes.toString("utf8", 0, count)).split("\x1e");
      this.#logRest = records.pop()!;
      for (const record of records) {
        const [severity = "", component = "", message = ""] = record.split("\x1f");
        const speaker = component === NOBODY ? name : component;
        // ss_plugin_log_severity counts from 1, in this order.
        take(LIBS_LEVELS[Number(severity) - 1] ?? "info", `${speaker}: ${message}`);
      }
    }
  }

  /** Lets the plugin send events; returns the function it is to call. */
  acceptEvents(): number {
    const [from, to] = descriptors("socketpair", (ends) =>
      libc().socketpair(AF_UNIX, SOCK_SEQPACKET | O_CLOEXEC, 0, ends),
    );
    this.#events = { from, to };
    const size = Int32Array.of(WAITING_BYTES);
    // The second needs a privilege; without it the system's bound holds.
    for (const option of SEND_BUFFER) libc().setsockopt(to, SOL_SOCKET, option, size, size.byteLength);
    this.#event = new NativeBlock(MAX_ASYNC_EVENT);
    this.#block.view.setInt32(OWNER.eventFd, to, true);
    return this.functions.event;
  }

  /** Hands over the events that the plugin has sent, one after the other in the same memory; its length is 0 for one too long. */
  takeEvents(take: (record: NativeBlock, length: number) => void): void {
    const [events, block] = [this.#events, this.#event];
    if (!events || !block) return;
    for (;;) {
      const flags = MSG_DONTWAIT | MSG_TRUNC;
      const length = Number(libc().recv(events.from, block.bytes, block.bytes.length, flags));
      if (length <= 0) return;
      take(block, length > block.bytes.length ? 0 : length);
    }
  }

  /** From now on the plugin is told that its events are not taken. */
  refuseEvents(): void {
    if (this.#events) closeFd(this.#events.from);
  }

  /** To be called when the plugin has ended: nothing may call its owner any more. */
  close(): void {
    closeFd(this.#log.from);
    closeFd(this.#log.to);
    if (this.#events) closeFd(this.#events.to);
  }
}

function descriptors(call: string, make: (ends: Int32Array) => number): [number, number] {
  const ends = new Int32Array(2);
  if (make(ends) !== 0) throw new SystemError(call, errno());
  return [ends[0]!, ends[1]!];
}
