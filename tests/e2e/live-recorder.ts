import { existsSync } from "node:fs";
import { type EbpfOptions, EbpfSource } from "../../core/capture/ebpf/ebpf-source.ts";
import { EventCursor } from "../../core/event/cursor.ts";
import type { FdSeed, Sink, ThreadSeed } from "../../core/event/source.ts";
import { EVENTS } from "../../core/schema/events.ts";
import { SYSCALLS } from "../../core/schema/syscalls.ts";
import { endWithTests } from "../harness/children.ts";
import { NO_SEEDS } from "../harness/event-sink.ts";

/** Why the live probe can't run here, or undefined where it can. */
export function whyNoEbpf(): string | undefined {
  if (process.getuid?.() !== 0) return "not root";
  if (!existsSync("/sys/kernel/btf/vmlinux")) return "the kernel has no BTF";
  return undefined;
}

export interface RecordedEvent {
  readonly name: string;
  readonly id: string;
  readonly tid: number;
  readonly time: bigint;
  /** Fixed-size parameters as numbers, texts as strings without their last NUL, the rest as bytes; undefined when empty. */
  readonly params: Readonly<Record<string, number | string | Buffer | undefined>>;
}

/** What happens many times a millisecond, whatever is watched: kept of the program that was run alone. */
const OF_THE_MACHINE = new Set(["switch", "page_fault"]);

/** A source with what it has handed over so far. */
export class LiveRecorder {
  readonly source: EbpfSource;
  readonly events: RecordedEvent[] = [];
  readonly threads = new Map<number, ThreadSeed>();
  readonly fds: FdSeed[] = [];
  /** Runs before an event is kept. */
  before: () => void = () => {};
  readonly #cursor = new EventCursor();
  readonly #watched = new Set<number>();
  readonly #sink: Sink = {
    ...NO_SEEDS,
    event: (bytes, view, offset, cpu) => {
      this.before();
      if (!this.#cursor.set(bytes, view, offset, cpu)) throw new Error("a record is not what it says");
      if (OF_THE_MACHINE.has(EVENTS[this.#cursor.code]!.name) && !this.#watched.has(this.#cursor.tid))
        return true;
      this.events.push(decode(this.#cursor));
      return true;
    },
    thread: (seed) => this.threads.set(seed.tid, seed),
    fd: (seed) => this.fds.push(seed),
  };

  constructor(names: readonly string[], options: Partial<EbpfOptions> = {}) {
    this.source = new EbpfSource({ traced: codesOf(names), ...options });
    this.source.open(this.#sink);
  }

  /** Blocks for events; returns how many came. */
  wait(timeoutMs: number): number {
    return this.source.pump(this.#sink, timeoutMs);
  }

  /** Takes over what is pending until `done` holds, or for at most `timeoutMs`. */
  async collect(done: () => boolean, timeoutMs = 60_000): Promise<void> {
    const end = Date.now() + timeoutMs;
    for (;;) {
      while (this.source.pump(this.#sink, 0) > 0);
      if (done() || Date.now() > end) return;
      await Bun.sleep(5);
    }
  }

  /**
   * Runs a program and returns its process id and what it printed, once its end has been recorded. Meanwhile it takes
   * over what the whole machine does, which no buffer would hold for long.
   */
  async run(
    command: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly pid: number; readonly output: string }> {
    const child = Bun.spawn([...command], {
      env: { ...process.env, ...env },
      stdout: "pipe",
      stderr: "inherit",
    });
    endWithTests(child);
    this.#watched.add(child.pid);
    let ended = false;
    const output = new Response(child.stdout).text();
    void child.exited.then(() => {
      ended = true;
    });
    await this.collect(() => ended, Number.POSITIVE_INFINITY);
    await this.collect(() => this.of(child.pid).some((event) => event.name === "procexit"));
    return { pid: child.pid, output: await output };
  }

  /** Events lost so far. */
  get lost(): number {
    return Object.values(this.source.stats().dropped).reduce((sum, count) => sum + count, 0);
  }

  /** Events of one thread. */
  of(tid: number): RecordedEvent[] {
    return this.events.filter((event) => event.tid === tid);
  }
}

/** Codes of the syscall table by name. */
export function codesOf(names: readonly string[]): Set<number> {
  const wanted = new Set(names);
  return new Set(SYSCALLS.filter((call) => wanted.has(call.name)).map((call) => call.code));
}

const TEXT = new Set(["CHARBUF", "FSPATH", "FSRELPATH"]);
const BYTES = new Set(["BYTEBUF", "SOCKADDR", "SOCKTUPLE", "FDLIST", "DYN"]);

const UNSIGNED = /^(UINT|FLAGS|ENUMFLAGS|MODE|UID|GID)/;

/** The cursor's event as plain values. */
export function decode(cursor: EventCursor): RecordedEvent {
  const event = EVENTS[cursor.code]!;
  const params: Record<string, number | string | Buffer | undefined> = {};
  for (const [i, { name, type }] of event.params.entries()) {
    if (cursor.size(i) === 0) params[name] = undefined;
    else if (TEXT.has(type)) params[name] = cursor.text(i);
    else if (BYTES.has(type)) params[name] = Buffer.from(cursor.slice(i));
    else params[name] = UNSIGNED.test(type) ? cursor.uint(i, 0) : cursor.int(i, 0);
  }
  return { name: event.name, id: event.id, tid: cursor.tid, time: cursor.time, params };
}
