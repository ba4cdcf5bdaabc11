import type { Sink, Source } from "../event/source.ts";

/** How long a source may block when nothing happens, where nothing else ends its wait: the longest that a message for the engine waits. */
const IDLE_MS = 100;
/** Under load the thread looks at its messages this often. */
const YIELD_MS = 20;
/** A batch after which there is time to look at once. */
const FEW = 512;

export interface LoopHooks {
  /** After each batch: hand over what has gathered; all of it where the next batch may be long in coming. */
  readonly flush: (all: boolean) => Promise<void> | undefined;
  /** After each wait that did not end the source, with the number of events it brought. */
  readonly waited?: (events: number) => void;
  readonly stopped: () => boolean;
  /** There is other work to go on with as soon as the source has nothing more. */
  readonly isBusy?: () => boolean;
  /** How long the source may block: longer than IDLE_MS where each message also ends its wait. */
  readonly idleMs?: number;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Pumps a source until it ends or is stopped. A live source blocks this thread inside `pump`, so between batches
 * the loop lets the thread's own messages through.
 */
export async function runLoop(source: Source, sink: Sink, hooks: LoopHooks): Promise<void> {
  const { idleMs = IDLE_MS } = hooks;
  let yielded = performance.now();
  let patience = idleMs;
  while (!hooks.stopped()) {
    const pumped = source.pump(sink, hooks.isBusy?.() ? 0 : patience);
    if (typeof pumped !== "number") await hooks.flush(true);
    const count = typeof pumped === "number" ? pumped : await pumped;
    if (count >= 0) hooks.waited?.(count);
    const flushed = hooks.flush(false);
    if (flushed) await flushed;
    if (count < 0) return;
    const now = performance.now();
    // A message may have ended the wait just over: only who has looked may block for long.
    patience = Math.min(idleMs, YIELD_MS);
    if (count < FEW || now - yielded > YIELD_MS) {
      await turn();
      yielded = performance.now();
      patience = idleMs;
    }
  }
}

/** How long what was pending when the loop was stopped may take; events never cease on a busy machine. */
const LAST_MS = 500;

/** Hands over what a live source holds when it is stopped: it happened before, so rules see it. */
export function drainPending(source: Source, sink: Sink): void {
  const deadline = performance.now() + LAST_MS;
  while (performance.now() < deadline) {
    const count = source.pump(sink, 0);
    if (typeof count !== "number" || count <= 0) return;
  }
}
