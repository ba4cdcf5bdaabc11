import { EventCursor } from "../../core/event/cursor.ts";
import type { Sink } from "../../core/event/source.ts";

/** Shows each event of a source while it is current, numbered from 1, and takes no notice of anything else. */
export function eventSink(onEvent: (event: EventCursor) => void): Sink {
  const event = new EventCursor();
  const nothing = (): void => {};
  return {
    event: (bytes, view, offset, cpu) => {
      if (!event.set(bytes, view, offset, cpu)) return false;
      event.num++;
      onEvent(event);
      return true;
    },
    machine: nothing,
    thread: nothing,
    fd: nothing,
    user: nothing,
    group: nothing,
    interface: nothing,
    restart: nothing,
  };
}
