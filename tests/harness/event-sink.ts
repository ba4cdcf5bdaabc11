import { EventCursor } from "../../core/event/cursor.ts";
import type { Sink } from "../../core/event/source.ts";

const nothing = (): void => {};

/** For sinks that look at events alone. */
export const NO_SEEDS: Omit<Sink, "event"> = {
  machine: nothing,
  thread: nothing,
  fd: nothing,
  user: nothing,
  group: nothing,
  interface: nothing,
  restart: nothing,
};

/** Shows each event of a source while it is current, numbered from 1, and takes no notice of anything else. */
export function eventSink(onEvent: (event: EventCursor) => void): Sink {
  const event = new EventCursor();
  return {
    ...NO_SEEDS,
    event: (bytes, view, offset, cpu) => {
      if (!event.set(bytes, view, offset, cpu)) return false;
      event.num++;
      onEvent(event);
      return true;
    },
  };
}
