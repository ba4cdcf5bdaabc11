import { reasonOf } from "../errors.ts";
import type { Alert } from "./alert.ts";
import { AlertQueue, LOSSES, type Loss, type OutputStats, type QueueOptions } from "./alert-queue.ts";
import { outputFactories } from "./factories.ts";
import { type FormatOptions, formatAlert, INTERNAL_SOURCE } from "./format.ts";
import { LossReport } from "./loss-report.ts";
import type { OutputsDeps, OutputsOptions } from "./options.ts";
import type { Message, Output } from "./output.ts";
import { AlertCounts } from "./statistics.ts";

/** How often outputs that have something to do are looked at. */
const WATCH_MS = 250;

/** All outputs, each behind its own queue. `push` never waits, and no output can hold up another. */
export class OutputQueue {
  readonly counts = new AlertCounts();
  readonly #deps: OutputsDeps;
  #format: FormatOptions;
  #timeout: number;
  #queues = new Map<string, { queue: AlertQueue; fingerprint: string }>();
  /** Queues of outputs that a reload took away; their counters remain. */
  #retired: OutputStats[] = [];
  /** Runs while there is something to watch. */
  #watch: ReturnType<typeof setInterval> | undefined;
  #hurried = false;
  readonly #losses: LossReport;

  constructor(options: OutputsOptions, deps: OutputsDeps) {
    this.#deps = deps;
    this.#format = formatOptions(options);
    this.#timeout = options.output_timeout;
    for (const made of makeOutputs(options, deps)) {
      const queue = new AlertQueue(made.create(), made.queue);
      this.#queues.set(made.name, { queue, fingerprint: made.fingerprint });
    }
    this.#losses = new LossReport(deps.log);
  }

  /** Names of the enabled outputs. */
  get names(): readonly string[] {
    return [...this.#queues.keys()];
  }

  push(alert: Alert): void {
    if (alert.source !== INTERNAL_SOURCE) this.counts.add(alert);
    const message: Message = { alert, text: formatAlert(alert, this.#format) };
    for (const { queue } of this.#queues.values()) {
      if (!queue.push(message)) this.#deps.onFatal?.(`the queue of the ${queue.name} output is full`);
    }
    if (this.#watch !== undefined) return;
    this.#watch = setInterval(() => this.#report(), WATCH_MS);
    this.#watch.unref();
  }

  /** Counters of each output, those that a reload removed included. */
  stats(): readonly OutputStats[] {
    const merged = new Map<string, OutputStats>();
    for (const stats of [...this.#retired, ...[...this.#queues.values()].map(({ queue }) => queue.stats())]) {
      const before = merged.get(stats.name);
      merged.set(stats.name, before ? addStats(before, stats) : stats);
    }
    return [...merged.values()];
  }

  /** Whether the next alert might be lost by an output: half of its room is taken. */
  get crowded(): boolean {
    for (const { queue } of this.#queues.values()) if (queue.crowded) return true;
    return false;
  }

  /**
   * Resolves as soon as no output that still moves is half full. A replay waits here, so that it loses
   * nothing to its own speed; an output that has delivered nothing for so many milliseconds is not waited for.
   */
  room(patience = this.#timeout): Promise<void> {
    return this.#until((queue) => !queue.crowded, patience);
  }

  /** Resolves when all that waits is written, but for outputs that have delivered nothing for so many milliseconds. */
  emptied(patience = this.#timeout): Promise<void> {
    return this.#until((queue) => queue.queued === 0, patience);
  }

  /** No replay waits for outputs any more: the program is to end. */
  hurry(): void {
    this.#hurried = true;
  }

  async #until(done: (queue: AlertQueue) => boolean, patience: number): Promise<void> {
    const waited = (queue: AlertQueue): boolean =>
      !this.#hurried && !done(queue) && (queue.patient || queue.sinceProgress < patience);
    while ([...this.#queues.values()].some(({ queue }) => waited(queue))) await Bun.sleep(1);
  }

  async reopen(): Promise<void> {
    await Promise.all(
      [...this.#queues.values()].map(async ({ queue }) => {
        try {
          await queue.reopen();
        } catch (error) {
          this.#deps.log("error", `Cannot reopen the ${queue.name} output: ${reasonOf(error)}`);
        }
      }),
    );
  }

  /** Takes on a new configuration. What waits stays in line, counters go on, unchanged outputs are not touched. */
  async reconfigure(options: OutputsOptions): Promise<void> {
    this.#format = formatOptions(options);
    this.#timeout = options.output_timeout;
    const wanted = new Map(makeOutputs(options, this.#deps).map((made) => [made.name, made]));
    const work: Promise<void>[] = [];
    for (const [name, { queue }] of this.#queues) {
      if (wanted.has(name)) continue;
      this.#queues.delete(name);
      work.push(queue.drain(this.#timeout).then(() => void this.#retired.push(queue.stats())));
    }
    for (const made of wanted.values()) {
      const old = this.#queues.get(made.name);
      if (!old) {
        const queue = new AlertQueue(made.create(), made.queue);
        this.#queues.set(made.name, { queue, fingerprint: made.fingerprint });
      } else if (old.fingerprint !== made.fingerprint) {
        old.fingerprint = made.fingerprint;
        work.push(old.queue.replace(made.create(), made.queue));
      }
    }
    await Promise.all(work);
  }

  /** Writes out what waits, for at most so many milliseconds, then lets go of everything. */
  async drain(milliseconds: number): Promise<void> {
    await Promise.all([...this.#queues.values()].map(({ queue }) => queue.drain(milliseconds)));
    clearInterval(this.#watch);
    this.#report(true);
  }

  #report(final = false): void {
    let busy = false;
    for (const { queue } of this.#queues.values()) {
      const told = this.#losses.look(queue, this.#timeout, final);
      busy ||= !told || queue.writingSince !== undefined || queue.stats().queued > 0;
    }
    if (busy) return;
    clearInterval(this.#watch);
    this.#watch = undefined;
  }
}

/** An output that a reload took away and another brought back goes on counting. */
function addStats(a: OutputStats, b: OutputStats): OutputStats {
  const lost = Object.fromEntries(LOSSES.map((loss) => [loss, a.lost[loss] + b.lost[loss]])) as Record<
    Loss,
    number
  >;
  return {
    name: a.name,
    taken: a.taken + b.taken,
    delivered: a.delivered + b.delivered,
    queued: a.queued + b.queued,
    filtered: a.filtered + b.filtered,
    lost,
  };
}

const formatOptions = (options: OutputsOptions): FormatOptions => ({
  json: options.json_output,
  includeOutput: options.json_include_output_property,
  includeMessage: options.json_include_message_property,
  includeFields: options.json_include_output_fields_property,
  includeTags: options.json_include_tags_property,
  iso8601: options.time_format_iso_8601,
});

interface Made {
  readonly name: string;
  readonly queue: QueueOptions;
  readonly create: () => Output;
  /** Equal where nothing changed. */
  readonly fingerprint: string;
}

/** The enabled outputs in the order in which they have always been written to. */
function makeOutputs(options: OutputsOptions, deps: OutputsDeps): Made[] {
  const { outputs_queue: shared, buffered_outputs: buffered } = options;
  return outputFactories(options, deps).map(({ name, own, create }) => {
    const queue: QueueOptions = {
      capacity: shared.capacity,
      recovery: shared.recovery,
      buffered,
      priority: own.priority,
      rate: own.rate,
      maxBurst: own.max_burst,
    };
    return { name, queue, create, fingerprint: JSON.stringify([queue, own, options.json_output]) };
  });
}
