import type { FdSeed, Sink, ThreadSeed } from "../../event/source.ts";
import { containerJson } from "../../metadata/container-json.ts";
import { EVENT } from "../../schema/event-codes.ts";
import { FD, type Fd, ROLE } from "../../state/fd.ts";
import { isListening } from "../../state/fd-kind.ts";
import type { State } from "../../state/state.ts";
import type { Thread } from "../../state/thread.ts";
import { RecordBuilder } from "./record-builder.ts";

/**
 * Hands over everything that is known now, as a source does before its first event: a recording that starts
 * in the middle begins with it. What the format has no list for comes as the events that tell it: accounts of
 * containers, and containers. `time` is theirs, nanoseconds since the epoch.
 */
export function snapshot(state: State, sink: Sink, time: bigint): void {
  sink.machine(state.machine);
  for (const known of state.interfaces) sink.interface(known);
  const accounts = [...state.accounts.all()];
  for (const { containerId, users, groups } of accounts) {
    if (containerId !== "") continue;
    for (const user of users) sink.user(user);
    for (const group of groups) sink.group(group);
  }
  // Threads of which only the id is known would look like real ones.
  const threads = [...state.threads.values()].filter((thread) => !thread.isInvalid);
  for (const thread of threads) sink.thread(threadSeed(thread));
  for (const thread of threads) {
    for (const [number, fd] of thread.fds) {
      const seed = fdSeed(thread.tid, number, fd);
      if (seed) sink.fd(seed);
    }
  }
  const events = new SnapshotEvents(sink, time);
  for (const container of state.containers.values()) {
    events.send(EVENT.CONTAINER_JSON_2_E, [containerJson(container)]);
  }
  for (const { containerId, users, groups } of accounts) {
    if (containerId === "") continue;
    for (const { uid, gid, name, home, shell } of users) {
      events.send(EVENT.USER_ADDED_E, [uid, gid, name, home, shell, containerId]);
    }
    for (const { gid, name } of groups) events.send(EVENT.GROUP_ADDED_E, [gid, name, containerId]);
  }
}

function threadSeed(thread: Thread): ThreadSeed {
  const { leader } = thread;
  // Readers take the process's environment and directory from its leader only.
  return {
    ...thread,
    ...thread.program,
    cloneTime: thread.cloneTime,
    env: leader === thread ? thread.env : [],
    cwd: leader === thread ? thread.cwd : "/",
  };
}

function fdSeed(tid: number, fd: number, entry: Fd): FdSeed | undefined {
  const { kind, ends } = entry;
  if (kind === FD.UNKNOWN || kind === FD.UNINITIALIZED) return undefined;
  const seed: FdSeed = {
    tid,
    fd,
    ino: BigInt(entry.ino),
    kind,
    name: entry.name,
    openFlags: entry.openFlags,
    dev: entry.dev,
    l4: entry.l4,
    unixSource: entry.unixSource,
    unixDestination: entry.unixDestination,
  };
  if (!ends) return seed;
  if (isListening(kind)) return { ...seed, localIp: ends.sourceIp, localPort: ends.sourcePort };
  // Lists say what is near and what is far; readers find out again who called whom.
  const near = { ip: ends.sourceIp, port: ends.sourcePort };
  const far = { ip: ends.destIp, port: ends.destPort };
  const [local, remote] = kind === FD.IPV4_SOCK && entry.role === ROLE.SERVER ? [far, near] : [near, far];
  return { ...seed, localIp: local.ip, localPort: local.port, remoteIp: remote.ip, remotePort: remote.port };
}

/** Makes event records of numbers (32 bits) and texts. */
class SnapshotEvents {
  readonly #sink: Sink;
  readonly #builder = new RecordBuilder();
  readonly #head = new DataView(new ArrayBuffer(16));

  constructor(sink: Sink, time: bigint) {
    this.#sink = sink;
    this.#head.setBigUint64(0, time, true);
    this.#head.setBigInt64(8, -1n, true);
  }

  send(code: number, params: readonly (number | string)[]): void {
    const builder = this.#builder;
    builder.begin(code, params.length, this.#head, 0);
    for (const param of params) {
      const bytes = typeof param === "string" ? Buffer.from(`${param}\0`) : Buffer.alloc(4);
      if (typeof param === "number") bytes.writeUInt32LE(param >>> 0);
      builder.push(bytes, 0, bytes.length);
    }
    builder.finish();
    this.#sink.event(builder.bytes, builder.view, 0, 0);
  }
}
