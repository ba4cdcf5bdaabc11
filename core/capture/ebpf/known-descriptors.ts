import type { FdSeed, ThreadSeed } from "../../event/source.ts";
import { FD, L4 } from "../../state/fd.ts";
import { sinceBoot } from "./boot-time.ts";
import { deleteFromMap, insertIntoMap, keysOfMap } from "./bpf.ts";
import { MAX_FOLLOWED, PROCESS } from "./fd-facts.ts";
import { KIND, kindBits } from "./fd-kinds.ts";
import { INTEREST } from "./interest.ts";
import type { Target } from "./target.ts";

/** Processes older than this when following began were not just made by a clone that may still be on record. */
const SETTLED_NS = 2_000_000_000n;
const NOTHING = KIND.NOTHING | KIND.CONNECTED;

/** What the programs are to know of descriptors beside what records tell. All methods throw SystemError. */
export class KnownDescriptors {
  readonly #map: number;
  readonly #interest: DataView;
  readonly #bootTime: bigint;
  /** Nanoseconds since the epoch. */
  #since = 0n;
  #seeded: { readonly pid: number; readonly entry: Buffer } | undefined;

  /** `interest` views the interest map; `bootTime` is in nanoseconds since the epoch. */
  constructor({ descriptors }: Target["maps"], interest: DataView, bootTime: bigint) {
    this.#map = descriptors;
    this.#interest = interest;
    this.#bootTime = bootTime;
  }

  get #isFollowing(): boolean {
    return this.#interest.getUint32(INTEREST.followsKinds, true) !== 0;
  }

  /** Whether processes that start and end are followed from now on: there are conditions on kinds. Returns whether that is new. */
  follow(follows: boolean): boolean {
    const isNew = follows && !this.#isFollowing;
    this.#interest.setUint32(INTEREST.followsKinds, follows ? 1 : 0, true);
    return isNew;
  }

  /** All programs that follow are in place: what any of them took down before is void. */
  begin(): void {
    for (const pid of keysOfMap(this.#map)) deleteFromMap(this.#map, pid);
    this.#since = this.#bootTime + sinceBoot();
  }

  /** Takes that /proc is being read: descriptors of this process come next. */
  seedThread({ tid, pid, cloneTime }: Pick<ThreadSeed, "tid" | "pid" | "cloneTime">): void {
    if (tid !== pid) return;
    this.endSeeding();
    if (!this.#isFollowing || cloneTime > this.#since - SETTLED_NS) return;
    const entry = Buffer.alloc(PROCESS.size);
    for (let at = PROCESS.kinds; at < PROCESS.size; at += 2) entry.writeUInt16LE(NOTHING, at);
    this.#seeded = { pid, entry };
  }

  seedFd({ tid, fd, kind, l4 }: Pick<FdSeed, "tid" | "fd" | "kind" | "l4">): void {
    if (tid !== this.#seeded?.pid || fd >= MAX_FOLLOWED || kind === FD.UNKNOWN) return;
    const isConnected = (kind === FD.IPV4_SOCK || kind === FD.IPV6_SOCK) && l4 === L4.TCP;
    this.#seeded.entry.writeUInt16LE(kindBits(kind, isConnected), PROCESS.kinds + 2 * fd);
  }

  /** All of the last process has been read: it counts unless a record told of its descriptors before. */
  endSeeding(): void {
    if (this.#seeded) insertIntoMap(this.#map, this.#seeded.pid, this.#seeded.entry);
    this.#seeded = undefined;
  }

  /** Takes that state has looked a process up again. */
  forget(pid: number): void {
    deleteFromMap(this.#map, pid);
  }
}
