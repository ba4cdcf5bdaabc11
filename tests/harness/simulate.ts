import { fixedSize, RecordBuilder } from "../../core/capture/scap/record-builder.ts";
import { EventCursor } from "../../core/event/cursor.ts";
import { EVENT } from "../../core/schema/event-codes.ts";
import { EVENTS } from "../../core/schema/events.ts";
import { State } from "../../core/state/state.ts";
import type { Thread } from "../../core/state/thread.ts";

type Value = number | bigint | string | Uint8Array | readonly string[];
export type Params = Readonly<Record<string, Value>>;

const SECOND = 1_000_000_000n;

/** Feeds events made by name to a state: what a test needs to tell a story of processes. */
export class Simulation {
  readonly state: State;
  readonly event = new EventCursor();
  /** Time of the next event, nanoseconds since the epoch. */
  time = 1_795_217_331n * SECOND;
  readonly #builder = new RecordBuilder();
  readonly #head = new DataView(new ArrayBuffer(16));

  constructor(state = new State()) {
    this.state = state;
  }

  /** Applies an event without settling it: as rules see it. Parameters not named are empty. */
  see(id: keyof typeof EVENT, tid: number, params: Params = {}): void {
    const code = EVENT[id];
    const declared = EVENTS[code]!.params;
    for (const name of Object.keys(params)) {
      if (!declared.some((param) => param.name === name)) throw new Error(`${id} has no parameter ${name}`);
    }
    this.#head.setBigUint64(0, this.time, true);
    this.#head.setBigInt64(8, BigInt(tid), true);
    this.#builder.begin(code, declared.length, this.#head, 0);
    for (const { name, type } of declared) {
      const bytes = bytesOf(params[name], fixedSize(type));
      this.#builder.push(bytes, 0, bytes.length);
    }
    this.#builder.finish();
    this.event.set(this.#builder.bytes, this.#builder.view, 0, 0);
    this.event.num++;
    this.state.apply(this.event);
    this.time += 1_000n;
  }

  /** Applies an event and settles it. */
  emit(id: keyof typeof EVENT, tid: number, params: Params = {}): void {
    this.see(id, tid, params);
    this.state.settle();
  }

  /** A process that exists: its exec tells all about it. */
  process(pid: number, name: string, params: Params = {}): Thread {
    this.emit("SYSCALL_EXECVE_19_X", pid, {
      res: 0,
      exe: `/bin/${name}`,
      comm: name,
      tid: pid,
      pid,
      ptid: 1,
      trusted_exepath: `/bin/${name}`,
      ...params,
    });
    return this.thread(pid);
  }

  /** Both sides of a clone; `child` is told by the creator and by itself. */
  fork(parent: number, child: number, flags = 0, params: Params = {}): Thread {
    const parentPid = this.thread(parent).pid;
    const isThread = (flags & 0x2000) !== 0;
    const common = { exe: "/bin/x", comm: "x", flags, uid: 0, gid: 0, fdlimit: 1024, ...params };
    this.emit("SYSCALL_CLONE_20_X", parent, {
      ...common,
      res: child,
      tid: parent,
      pid: parentPid,
      vtid: parent,
      vpid: parentPid,
    });
    const pid = isThread ? parentPid : child;
    this.emit("SYSCALL_CLONE_20_X", child, {
      ...common,
      res: 0,
      tid: child,
      pid,
      ptid: parent,
      vtid: child,
      vpid: pid,
    });
    return this.thread(child);
  }

  thread(tid: number): Thread {
    const thread = this.state.threads.get(tid);
    if (!thread) throw new Error(`no thread ${tid}`);
    return thread;
  }
}

function bytesOf(value: Value | undefined, size: number | undefined): Buffer {
  if (value === undefined) return Buffer.alloc(0);
  if (typeof value === "string") return Buffer.from(`${value}\0`);
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (typeof value === "object") return Buffer.from(value.map((text) => `${text}\0`).join(""));
  const wide = Buffer.alloc(8);
  wide.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)));
  return wide.subarray(0, size ?? 8);
}

/** A SOCKTUPLE parameter of IPv4 ends, `1.2.3.4:80`. */
export function tuple4(source: string, destination: string): Uint8Array {
  return Uint8Array.of(2, ...endpoint4(source), ...endpoint4(destination));
}

/** A SOCKADDR parameter of an IPv4 endpoint. */
export const addr4 = (endpoint: string): Uint8Array => Uint8Array.of(2, ...endpoint4(endpoint));

function endpoint4(endpoint: string): number[] {
  const [ip = "", port = "0"] = endpoint.split(":");
  return [...ip.split(".").map(Number), Number(port) & 0xff, Number(port) >> 8];
}
