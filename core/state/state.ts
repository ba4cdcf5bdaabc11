import type { EventCursor } from "../event/cursor.ts";
import type { GroupSeed, UserSeed } from "../event/source.ts";
import type { Container } from "../metadata/container.ts";
import type { Fd } from "./fd.ts";
import type { Thread } from "./thread.ts";

/**
 * What events have taught us, and what of it the current event concerns. `apply` runs before rules look,
 * `settle` after: what an event ends (a closed descriptor, a dead thread) is still there while rules look.
 */
export class State {
  readonly threads = new Map<number, Thread>();
  /** Known containers by short id. */
  readonly containers = new Map<string, Container>();
  /** Users and groups by container id (empty for the host), then by number. */
  readonly users = new Map<string, Map<number, UserSeed>>();
  readonly groups = new Map<string, Map<number, GroupSeed>>();
  /** The machine the events come from. */
  hostname = "";
  /** Name of the event source, as rules name it. */
  sourceName: string | undefined = "syscall";
  /** The plugin the current event came from. */
  plugin: { readonly name: string; describe(event: EventCursor): string } | undefined = undefined;
  /** Time of the first event that is not a meta event. */
  firstEventTime: bigint | undefined = undefined;
  /** The current event's thread; undefined when it has none. */
  thread: Thread | undefined = undefined;
  /** The current event's descriptor entry, and its number (-1 when it has none). */
  fd: Fd | undefined = undefined;
  /** The negated return value of a failed call; 0 otherwise. */
  errno = 0;

  /** The user of that number where the current thread runs. */
  user(uid: number): UserSeed | undefined {
    return this.users.get(this.thread?.containerId ?? "")?.get(uid);
  }

  group(gid: number): GroupSeed | undefined {
    return this.groups.get(this.thread?.containerId ?? "")?.get(gid);
  }

  userName(uid: number): string | undefined {
    return this.user(uid)?.name;
  }

  groupName(gid: number): string | undefined {
    return this.group(gid)?.name;
  }

  /** Threads of the process that have not ended. */
  liveThreads(pid: number): number {
    let live = 0;
    for (const thread of this.threads.values()) if (thread.pid === pid && !thread.dead) live++;
    return live;
  }

  /** Whether the address is one of this machine's. */
  isLocalAddress(_ip: Uint8Array): boolean {
    return false;
  }

  /** The name an address was looked up by, when one is known. */
  hostNameOf(_ip: Uint8Array): string | undefined {
    return undefined;
  }

  apply(_event: EventCursor): void {}

  settle(): void {}
}
