import { PtraceSource } from "../../core/capture/ptrace/ptrace-source.ts";
import { EventCursor } from "../../core/event/cursor.ts";
import type { Sink } from "../../core/event/source.ts";
import { NO_SEEDS } from "../harness/event-sink.ts";
import { codesOf, decode, type RecordedEvent } from "./live-recorder.ts";

export interface Traced {
  readonly pid: number;
  /** As wait(2) encodes it. */
  readonly status: number;
  readonly events: readonly RecordedEvent[];
}

/** Traces a command to its end with ptrace, on this very thread, and returns what was recorded of it. */
export function traceCommand(
  command: readonly string[],
  names: readonly string[],
  { detachable = false, between = (): void => {} } = {},
): Traced {
  const events: RecordedEvent[] = [];
  const cursor = new EventCursor();
  const sink: Sink = {
    ...NO_SEEDS,
    event: (bytes, view, offset, cpu) => {
      if (!cursor.set(bytes, view, offset, cpu)) throw new Error("a record is not what it says");
      events.push(decode(cursor));
      return true;
    },
  };
  const workload = new SharedArrayBuffer(8);
  const source = new PtraceSource({
    target: { command },
    traced: codesOf(names),
    snapLength: 80,
    detachable,
    killOnExit: true,
    workload,
  });
  try {
    source.open(sink);
    while (source.pump(sink, 100) >= 0) between();
  } finally {
    source.close();
  }
  const [pid = 0, ended = 0] = new Int32Array(workload);
  return { pid, status: ended - 1, events };
}
