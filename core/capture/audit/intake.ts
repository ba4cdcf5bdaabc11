import type { PluginStart } from "../plugin/plugin.ts";
import type { AuditQueue } from "./audit-queue.ts";
import { readPayload } from "./payload.ts";

/** Complaints go to the log this often at most: who sends rubbish must not fill the disk. */
const COMPLAIN_MS = 10_000;

/** Why events did not get through. A request that is refused counts as one. */
export const LOSS_CAUSES = ["malformed", "too_large", "refused"] as const;
export type LossCause = (typeof LOSS_CAUSES)[number];

export interface IntakeOptions {
  readonly maxEventSize: number;
  readonly log: PluginStart["log"];
}

/** What came in, in bytes or sentences, on its way into the queue: what is no event is left out, counted and told. */
export class Intake {
  readonly queue: AuditQueue;
  readonly #options: IntakeOptions;
  readonly #losses: Partial<Record<LossCause, number>> = {};
  #quietUntil = 0;
  #untold = 0;

  constructor(queue: AuditQueue, options: IntakeOptions) {
    this.queue = queue;
    this.#options = options;
  }

  /** Events lost by cause. */
  get losses(): Readonly<Record<string, number>> {
    return { ...this.#losses };
  }

  get lost(): number {
    return Object.values(this.#losses).reduce((sum, count) => sum + count, 0);
  }

  /** Takes the events out of a text. Returns what is wrong with it when there was none to take. */
  take(text: string, from: string): string | undefined {
    const { events, faults } = readPayload(text);
    const { maxEventSize } = this.#options;
    for (const fault of faults) this.lose("malformed", `An audit event from ${from} is left out: ${fault}`);
    for (const event of events) {
      if (event.text.length > maxEventSize || Buffer.byteLength(event.text) > maxEventSize)
        this.lose("too_large", `An audit event from ${from} is left out: it is longer than maxEventSize`);
      else this.queue.push(event);
    }
    return events.length === 0 ? faults[0] : undefined;
  }

  /** Counts an event that is lost, and says so, now and then. */
  lose(cause: LossCause, message: string): void {
    this.#losses[cause] = (this.#losses[cause] ?? 0) + 1;
    const now = performance.now();
    if (now < this.#quietUntil) {
      this.#untold++;
      return;
    }
    const more = this.#untold > 0 ? ` (and ${this.#untold} more since)` : "";
    this.#untold = 0;
    this.#quietUntil = now + COMPLAIN_MS;
    this.#options.log("warning", message + more);
  }
}
