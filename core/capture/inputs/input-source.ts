import type { Sink, Source, SourceStats } from "../../event/source.ts";
import { PLUGIN_DATA_AT, writePluginEvent } from "../plugin/event-record.ts";
import type { InputEvent, InputValue } from "./declaration.ts";

/** No plugin has these numbers: registered ones are small, and 999 is for tests. */
const FIRST_ID = 0x8000_0000;

/** Events that wait, in bytes. A pusher is asked to wait from the half on, so that one more event always fits. */
const ARENA_BYTES = 4 << 20;
/** The longest an event's data may be. */
export const MAX_EVENT_BYTES = 1 << 20;

let made = 0;

/** JSON in which an integer beyond 2^53 is a string: its field's type tells. */
const replacer = (_: string, value: unknown) =>
  typeof value === "bigint"
    ? value <= Number.MAX_SAFE_INTEGER
      ? Number(value)
      : value.toString()
    : (value as InputValue);

/**
 * Events pushed by a client of the API, as the records that a plugin's events are: the data are the fields
 * as JSON. They wait in one buffer until the engine takes them; a full buffer holds the client.
 */
export class InputSource implements Source {
  readonly name: string;
  /** The record's plugin number, which tells sources apart. */
  readonly id: number = FIRST_ID + (made++ % 0x7fff_ffff);
  readonly #arena = Buffer.allocUnsafeSlow(ARENA_BYTES);
  readonly #view = new DataView(this.#arena.buffer);
  #used = 0;
  #seen = 0;
  #refused = 0;
  #ended = false;
  #arrived: (() => void) | undefined;
  #taken: (() => void)[] = [];

  constructor(name: string) {
    this.name = name;
  }

  open(): void {}

  /** False: the engine is behind, wait for `ready` before the next event. An event too long is counted as lost. */
  push(event: InputEvent): boolean {
    const data = Buffer.from(JSON.stringify(event.fields, replacer));
    const length = PLUGIN_DATA_AT + data.length;
    if (data.length > MAX_EVENT_BYTES || this.#used + length > ARENA_BYTES || this.#ended) {
      this.#refused++;
      return this.#used < ARENA_BYTES / 2;
    }
    const at = this.#used;
    writePluginEvent(this.#view, at, event.time, this.id, data.length);
    data.copy(this.#arena, at + PLUGIN_DATA_AT);
    this.#used += length;
    this.#arrived?.();
    return this.#used < ARENA_BYTES / 2;
  }

  /** Resolves when there is room again, or nobody takes events any more. */
  ready(): Promise<void> {
    if (this.#used < ARENA_BYTES / 2 || this.#ended) return Promise.resolve();
    return new Promise((resolve) => void this.#taken.push(resolve));
  }

  /** No more events come; what waits is still handed over. */
  end(): void {
    this.#ended = true;
    this.#arrived?.();
  }

  /** Hands over what waits: at once if anything does, else in at most `timeoutMs`. */
  pump(sink: Sink, timeoutMs: number): number | Promise<number> {
    if (this.#used > 0) return this.#drain(sink);
    if (this.#ended) return -1;
    if (timeoutMs <= 0) return 0;
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#arrived = undefined;
        resolve(this.#used > 0 ? this.#drain(sink) : this.#ended ? -1 : 0);
      };
      const timer = setTimeout(done, timeoutMs);
      this.#arrived = done;
    });
  }

  #drain(sink: Sink): number {
    let count = 0;
    for (let at = 0; at < this.#used; at += this.#view.getUint32(at + 16, true)) {
      sink.event(this.#arena, this.#view, at, 0);
      count++;
    }
    this.#used = 0;
    this.#seen += count;
    const waiting = this.#taken;
    this.#taken = [];
    for (const resolve of waiting) resolve();
    return count;
  }

  stats(): SourceStats {
    const dropped: Record<string, number> = this.#refused > 0 ? { event_too_large: this.#refused } : {};
    return { seen: this.#seen + this.#refused, dropped };
  }

  close(): void {
    this.end();
    this.#used = 0;
    for (const resolve of this.#taken.splice(0)) resolve();
  }
}
