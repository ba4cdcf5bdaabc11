import type { Alert } from "./alert.ts";

/** An alert with the line that text outputs print. The line is shared by all outputs, never copied. */
export interface Message {
  readonly alert: Alert;
  readonly text: string;
}

/** What became of a batch: the first `delivered` messages arrived, the rest is lost for the reason in `error`. */
export interface Delivery {
  readonly delivered: number;
  readonly error?: unknown;
}

/**
 * One destination of alerts. The queue in front of it calls `write` with one batch at a time and waits for the answer;
 * an output that stalls therefore holds up nobody but itself. Throwing means that nothing of the batch arrived.
 */
export interface Output {
  readonly name: string;
  /** Most messages of one write. */
  readonly batch: number;
  /** Somebody reads along, at their own pace: a replay waits for them, however long they stop. */
  readonly patient?: boolean;
  write(messages: readonly Message[]): Promise<Delivery>;
  /** Opens files and programs anew (SIGUSR1). */
  reopen?(): Promise<void>;
  /** Lets go of everything at once, a write that is under way included. */
  close(): Promise<void>;
}

export const all = (messages: readonly Message[]): Delivery => ({ delivered: messages.length });
