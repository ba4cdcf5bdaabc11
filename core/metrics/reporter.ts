import { appendFile } from "node:fs/promises";
import { parseDuration } from "../config/duration.ts";
import { reasonOf } from "../errors.ts";
import type { LogLevel } from "../log.ts";
import type { Alert } from "../outputs/alert.ts";
import { jsonValue } from "../outputs/format.ts";
import { internalAlert } from "../outputs/internal-alert.ts";
import type { MetricsInput, MetricsOptions } from "./input.ts";
import { SnapshotEvents } from "./snapshot-event.ts";

export interface ReporterOptions extends MetricsOptions {
  /** A Prometheus duration. */
  readonly interval: string;
  readonly output_rule: boolean;
  readonly output_file: string;
}

export interface ReporterDeps {
  readonly input: () => MetricsInput;
  readonly push: (alert: Alert) => void;
  readonly log: (level: LogLevel, message: string) => void;
}

const RULE = "Falco internal: metrics snapshot";

/** Takes a snapshot each interval and sends it to the outputs, to a file, or both. */
export class MetricsReporter {
  readonly #options: ReporterOptions;
  readonly #deps: ReporterDeps;
  readonly #events = new SnapshotEvents();
  #sample = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  #writing: Promise<void> | undefined;
  #skipped = 0;

  constructor(options: ReporterOptions, deps: ReporterDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  start(): void {
    this.#timer = setInterval(() => this.tick(), Math.max(100, parseDuration(this.#options.interval)));
    this.#timer.unref();
  }

  /** One snapshot of each source, now. */
  tick(): void {
    const input = this.#deps.input();
    this.#sample++;
    for (const source of input.sources) {
      const fields = this.#events.take(source, input, this.#options);
      if (this.#options.output_rule) {
        const { hostname, now: time } = input;
        const message = "Falco metrics snapshot";
        this.#deps.push(
          internalAlert({ time, hostname, rule: RULE, priority: "Informational", message, fields }),
        );
      }
      if (this.#options.output_file) this.#append(fields);
    }
  }

  /** Ends the timer and waits for a line that is being written. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#writing;
  }

  #append(fields: Alert["fields"]): void {
    // Lines follow one another; a disk that hangs costs snapshots, not memory.
    if (this.#writing && this.#skipped++ > 16) return;
    const pairs = Object.entries(fields).map(
      ([name, value]) => `${JSON.stringify(name)}:${jsonValue(value)}`,
    );
    const line = `{"output_fields":{${pairs.join(",")}},"sample":${this.#sample}}\n`;
    const before = this.#writing ?? Promise.resolve();
    const mine: Promise<void> = before
      .then(() => appendFile(this.#options.output_file, line))
      .catch((error: unknown) => {
        this.#deps.log("error", `Cannot write metrics to ${this.#options.output_file}: ${reasonOf(error)}`);
      })
      .finally(() => {
        if (this.#writing !== mine) return;
        this.#writing = undefined;
        this.#skipped = 0;
      });
    this.#writing = mine;
  }
}
