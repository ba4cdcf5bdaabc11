import type { Sink } from "../../event/source.ts";
import { giveDocument } from "../../fields/json-document.ts";
import { PLUGIN_DATA_AT, writePluginEvent } from "../plugin/event-record.ts";
import type { AuditRecord } from "./payload.ts";

/** Events handed over in one go: what waits for this thread (requests, messages) gets its turn in between. */
const BATCH = 256;

/** What was parsed takes several times the memory of its text: when more waits, it is parsed again instead. */
const PARSED_BYTES = 8 << 20;

/** Audit events on their way to the engine. Whoever fills it looks at `bytes` first. */
export class AuditQueue {
  readonly #id: number;
  #waiting: AuditRecord[] = [];
  #next = 0;
  #bytes = 0;
  #taken = 0;
  #record: Buffer = Buffer.allocUnsafeSlow(1 << 16);
  #view = new DataView(this.#record.buffer);
  #arrived: (() => void) | undefined;

  /** `id` is the number that the records carry. */
  constructor(id: number) {
    this.#id = id;
  }

  /** Bytes of text that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Events handed over so far. */
  get taken(): number {
    return this.#taken;
  }

  get isEmpty(): boolean {
    return this.#next === this.#waiting.length;
  }

  push(event: AuditRecord): void {
    this.#waiting.push(this.#bytes < PARSED_BYTES ? event : { time: event.time, text: event.text });
    this.#bytes += event.text.length;
    this.#arrived?.();
  }

  /** Resolves when something waits, or time is up. */
  arrival(timeoutMs: number): Promise<void> {
    if (!this.isEmpty) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#arrived = undefined;
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#arrived = done;
    });
  }

  /** Hands over some of what waits, as records of plugin events. Returns how many. */
  drain(sink: Sink): number {
    const end = Math.min(this.#next + BATCH, this.#waiting.length);
    const count = end - this.#next;
    while (this.#next < end) {
      const event = this.#waiting[this.#next++]!;
      this.#bytes -= event.text.length;
      this.#taken++;
      this.#write(event);
      const { text, value } = event;
      giveDocument(value === undefined ? undefined : { text, value }, this.#record, 0);
      sink.event(this.#record, this.#view, 0, 0);
    }
    giveDocument(undefined);
    if (this.isEmpty) {
      this.#waiting = [];
      this.#next = 0;
    }
    return count;
  }

  clear(): void {
    this.#waiting = [];
    this.#next = 0;
    this.#bytes = 0;
  }

  #write({ time, text }: AuditRecord): void {
    // A character takes three bytes at most.
    const most = PLUGIN_DATA_AT + text.length * 3;
    if (most > this.#record.length) {
      this.#record = Buffer.allocUnsafeSlow(most);
      this.#view = new DataView(this.#record.buffer);
    }
    const length = this.#record.write(text, PLUGIN_DATA_AT);
    writePluginEvent(this.#view, 0, time, this.#id, length);
  }
}
