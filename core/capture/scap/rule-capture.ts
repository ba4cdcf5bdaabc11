import type { EventCursor } from "../../event/cursor.ts";
import type { State } from "../../state/state.ts";
import { ScapWriter } from "./scap-writer.ts";
import { snapshot } from "./snapshot.ts";

/** The `capture` section of the configuration, as far as recording is concerned. */
export interface RuleCaptureOptions {
  readonly pathPrefix: string;
  /** `rules`: rules with `capture: true` start a recording; `all_rules`: every rule does. */
  readonly mode: "rules" | "all_rules";
  /** For rules that don't say how long, in milliseconds. */
  readonly defaultDurationMs: number;
  /** 0 for no limit. */
  readonly maxFileSizeMb: number;
}

/** A recording that reached its size limit. */
export interface SizeLimitReached {
  readonly path: string;
  readonly writtenBytes: number;
}

const MB = 1024 * 1024;
const DIGITS = 20;

/**
 * Records what happens from an alert on. One recording runs at a time: further alerts make it last longer.
 * Files are named `prefix_time_event-number.scap`, so that they sort by time.
 */
export class RuleCapture {
  readonly #state: State;
  readonly #options: RuleCaptureOptions;
  readonly #onSizeLimit: (reached: SizeLimitReached) => void;
  #writer: ScapWriter | undefined;
  #deadline = 0n;
  #wanted = false;

  constructor(state: State, options: RuleCaptureOptions, onSizeLimit: (reached: SizeLimitReached) => void) {
    this.#state = state;
    this.#options = options;
    this.#onSizeLimit = onSizeLimit;
  }

  get recording(): boolean {
    return this.#writer !== undefined;
  }

  /** The event matched a rule. `durationMs` is the rule's own; 0 for the default. */
  matched(event: EventCursor, rule: { readonly capture: boolean; readonly durationMs: number }): void {
    const { mode, defaultDurationMs } = this.#options;
    if (mode === "all_rules" || rule.capture) this.#wanted = true;
    const deadline = event.time + BigInt(rule.durationMs || defaultDurationMs) * 1_000_000n;
    if (deadline > this.#deadline) this.#deadline = deadline;
  }

  /** To be called for every event, after its matches. */
  event(event: EventCursor): void {
    if (!this.#writer && !this.#wanted) return;
    this.#writer ??= this.#start(event);
    this.#wanted = false;
    const writer = this.#writer;
    writer.event(event.bytes, event.view, event.offset, event.cpu);
    const limit = this.#options.maxFileSizeMb * MB;
    if (event.time >= this.#deadline) this.close();
    else if (limit > 0 && writer.bytes >= limit) {
      writer.flush();
      if (writer.bytes < limit) return;
      this.close();
      this.#onSizeLimit({ path: writer.path, writtenBytes: writer.bytes });
    }
  }

  #start(event: EventCursor): ScapWriter {
    const writer = new ScapWriter(capturePath(this.#options.pathPrefix, event.time, event.num), {
      compress: true,
    });
    snapshot(this.#state, writer, event.time);
    return writer;
  }

  close(): void {
    this.#writer?.close();
    this.#writer = undefined;
    this.#deadline = 0n;
  }
}

/** `prefix_TIME_NUMBER.scap`, both with twenty digits. */
export function capturePath(prefix: string, time: bigint, number: number): string {
  const digits = (value: bigint | number): string => String(value).padStart(DIGITS, "0");
  return `${prefix}_${digits(time)}_${digits(number)}.scap`;
}
