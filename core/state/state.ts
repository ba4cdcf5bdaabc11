import type { EventCursor } from "../event/cursor.ts";
import type { Fd } from "./fd.ts";
import type { Thread } from "./thread.ts";

/**
 * What events have taught us, and what of it the current event concerns. `apply` runs before rules look,
 * `settle` after: what an event ends (a closed descriptor, a dead thread) is still there while rules look.
 */
export class State {
  readonly threads = new Map<number, Thread>();
  /** The current event's thread; undefined when it has none. */
  thread: Thread | undefined = undefined;
  /** The current event's descriptor entry, and its number (-1 when it has none). */
  fd: Fd | undefined = undefined;
  /** The negated return value of a failed call; 0 otherwise. */
  errno = 0;

  apply(_event: EventCursor): void {}

  settle(): void {}
}
