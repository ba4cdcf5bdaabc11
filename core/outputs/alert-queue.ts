import { PRIORITIES } from "./alert.ts";
import type { Message, Output } from "./output.ts";
import { TokenBucket } from "./token-bucket.ts";

export interface QueueOptions {
  /** Most messages that wait; 0 bounds them by memory alone. */
  readonly capacity: number;
  readonly recovery: "continue" | "empty" | "exit";
  /** Wait up to a second for more before writing. */
  readonly buffered: boolean;
  /** Lower-case name of the least severe priority that passes. */
  readonly priority: string;
  /** Messages a second on average; 0 is no limit. */
  readonly rate: number;
  readonly maxBurst: number;
}

export const LOSSES = ["queue_full", "rate_limit", "error", "shutdown"] as const;
export type Loss = (typeof LOSSES)[number];

/** Counters since the start. taken = delivered + queued + the sum of lost. */
export interface OutputStats {
  readonly name: string;
  readonly taken: number;
  readonly delivered: number;
  readonly queued: number;
  /** Alerts less severe than this output takes; not part of `taken`. */
  readonly filtered: number;
  readonly lost: Readonly<Record<Loss, number>>;
}

/** Characters of text that may wait for one output; one is a byte for all but text beyond Latin-1. */
const MAX_CHARACTERS = 8 << 20;
const BUFFER_CHARACTERS = 64 << 10;
/** Characters of one write: a slow reader is seen to move before long. */
const BATCH_CHARACTERS = 256 << 10;
const BUFFER_MS = 1000;
/** How long an output may take to let go; a disk that hangs must not keep the program from ending. */
const CLOSE_MS = 2000;

/** The bounded queue in front of one output, and the loop that empties it. `push` never waits. */
export class AlertQueue {
  #output: Output;
  #options: QueueOptions;
  #bucket: TokenBucket;
  /** Waiting messages from `#head` on; what is being written still counts. */
  #waiting: Message[] = [];
  #head = 0;
  #characters = 0;
  #timer: ReturnType<typeof setTimeout> | NodeJS.Immediate | undefined;
  #pumping: Promise<void> | undefined;
  /** Length of the batch that is being written. */
  #writing = 0;
  #reopenNext = false;
  #abandoned = false;
  #closed = false;
  #paused = false;
  #taken = 0;
  #delivered = 0;
  #filtered = 0;
  readonly #lost: Record<Loss, number> = { queue_full: 0, rate_limit: 0, error: 0, shutdown: 0 };
  /** When the write under way began (performance.now()), or undefined. */
  writingSince: number | undefined;
  /** When something was last delivered, or the queue was last empty (performance.now()). */
  #lastProgress = 0;
  /** Why the last message was lost. */
  lastError: unknown;

  constructor(output: Output, options: QueueOptions) {
    this.#output = output;
    this.#options = options;
    this.#bucket = new TokenBucket(options.rate, options.maxBurst);
  }

  get name(): string {
    return this.#output.name;
  }
  get patient(): boolean {
    return this.#output.patient ?? false;
  }
  get queued(): number {
    return this.#waiting.length - this.#head;
  }
  /** Whether the next push might be lost: half of the room is taken. */
  get crowded(): boolean {
    const { capacity } = this.#options;
    return this.#characters > MAX_CHARACTERS / 2 || (capacity > 0 && this.queued * 2 > capacity);
  }

  /** Milliseconds since something was delivered or the queue was empty. */
  get sinceProgress(): number {
    return performance.now() - this.#lastProgress;
  }

  /** Takes or loses a message, and says so: false only where `recovery` asks for the end of the program. */
  push(message: Message): boolean {
    const { priority, capacity, recovery } = this.#options;
    if (priority !== "debug" && rank(message.alert.priority) > rank(priority)) {
      this.#filtered++;
      return true;
    }
    this.#taken++;
    if (this.#closed) this.#lost.shutdown++;
    else if (!this.#bucket.claim(performance.now())) this.#lost.rate_limit++;
    else if (
      this.#characters + message.text.length > MAX_CHARACTERS ||
      (capacity > 0 && this.queued >= capacity)
    ) {
      this.#lost.queue_full++;
      if (recovery === "exit") return false;
      if (recovery === "empty") this.#discard("queue_full");
    } else {
      if (this.queued === 0) this.#lastProgress = performance.now();
      this.#waiting.push(message);
      this.#characters += message.text.length;
      this.#schedule();
    }
    return true;
  }

  stats(): OutputStats {
    const { name, queued } = this;
    const lost = { ...this.#lost };
    return { name, taken: this.#taken, delivered: this.#delivered, queued, filtered: this.#filtered, lost };
  }

  /** Opens the output anew: now, or as soon as the batch under way is written. */
  async reopen(): Promise<void> {
    if (this.#pumping) this.#reopenNext = true;
    else await this.#output.reopen?.();
  }

  /** Puts another output, or other limits, behind the queue without losing what waits. */
  async replace(output: Output, options: QueueOptions): Promise<void> {
    this.#paused = true;
    const old = this.#output;
    await settled(this.#pumping, CLOSE_MS);
    await old.close();
    await this.#pumping;
    this.#output = output;
    this.#options = options;
    this.#bucket = new TokenBucket(options.rate, options.maxBurst);
    this.#paused = false;
    this.#schedule();
  }

  /** Writes out what waits, for at most so many milliseconds; what is left is lost as `shutdown`. */
  async drain(milliseconds: number): Promise<void> {
    const deadline = performance.now() + milliseconds;
    while (this.queued > 0 && performance.now() < deadline) {
      this.#start();
      // A queue whose output is being replaced has nothing to wait on yet.
      await settled(this.#pumping ?? Bun.sleep(5), deadline - performance.now());
    }
    this.#closed = true;
    this.#cancelTimer();
    await settled(Promise.all([this.#output.close(), this.#pumping]), CLOSE_MS);
    this.#abandon();
    this.#discard("shutdown");
  }

  /** Gives up on the batch under way: its output did not let go in time. */
  #abandon(): void {
    if (this.#writing === 0) return;
    this.#abandoned = true;
    this.#lost.shutdown += this.#writing;
    this.#head += this.#writing;
    this.#writing = 0;
  }

  #discard(loss: Loss): void {
    const removed = this.#waiting.splice(this.#head + this.#writing);
    this.#lost[loss] += removed.length;
    for (const message of removed) this.#characters -= message.text.length;
  }

  #schedule(): void {
    if (this.#pumping || this.#paused || this.queued === 0) return;
    if (this.#options.buffered && this.#characters < BUFFER_CHARACTERS) {
      this.#timer ??= setTimeout(() => this.#start(), BUFFER_MS);
      return;
    }
    // Not at once: what the same turn pushes goes out as one batch.
    this.#timer ??= setImmediate(() => this.#start());
  }

  #cancelTimer(): void {
    clearTimeout(this.#timer as NodeJS.Timeout);
    clearImmediate(this.#timer as NodeJS.Immediate);
    this.#timer = undefined;
  }

  #start(): void {
    this.#cancelTimer();
    if (this.#pumping || this.#paused) return;
    this.#pumping = this.#pump().finally(() => {
      this.#pumping = undefined;
      this.#schedule();
    });
  }

  async #pump(): Promise<void> {
    while (this.queued > 0 && !this.#closed && !this.#paused) {
      const batch = this.#nextBatch();
      if (this.#reopenNext) await this.#reopenNow();
      this.#writing = batch.length;
      this.writingSince = performance.now();
      let delivered = 0;
      try {
        const delivery = await this.#output.write(batch);
        delivered = Math.min(delivery.delivered, batch.length);
        if (delivery.error !== undefined) this.lastError = delivery.error;
      } catch (error) {
        this.lastError = error;
      }
      this.writingSince = undefined;
      if (this.#abandoned) return;
      this.#writing = 0;
      this.#delivered += delivered;
      if (delivered > 0) this.#lastProgress = performance.now();
      this.#lost[this.#closed ? "shutdown" : "error"] += batch.length - delivered;
      this.#drop(batch);
    }
  }

  #nextBatch(): Message[] {
    const batch: Message[] = [];
    const end = Math.min(this.#waiting.length, this.#head + this.#output.batch);
    for (let i = this.#head, characters = 0; i < end && characters < BATCH_CHARACTERS; i++) {
      batch.push(this.#waiting[i]!);
      characters += this.#waiting[i]!.text.length;
    }
    return batch;
  }

  async #reopenNow(): Promise<void> {
    this.#reopenNext = false;
    try {
      await this.#output.reopen?.();
    } catch (error) {
      this.lastError = error;
    }
  }

  #drop(batch: readonly Message[]): void {
    for (const message of batch) this.#characters -= message.text.length;
    this.#head += batch.length;
    if (this.#head * 2 < this.#waiting.length) return;
    this.#waiting = this.#waiting.slice(this.#head);
    this.#head = 0;
  }
}

const RANKS = new Map(PRIORITIES.map((name, i) => [name.toLowerCase(), i]));
const rank = (priority: string): number => RANKS.get(priority.toLowerCase()) ?? 0;

/** Waits for a promise, but not longer than so many milliseconds; whether it came to an end. */
async function settled(promise: Promise<unknown> | undefined, milliseconds: number): Promise<boolean> {
  if (!promise) return true;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), Math.max(0, milliseconds));
  });
  const done = await Promise.race([promise.then(() => true as const), late]);
  clearTimeout(timer);
  return done;
}
