import { afterAll, beforeAll, expect } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EbpfOptions, EbpfSource } from "../../core/capture/ebpf/ebpf-source.ts";
import { Engine, type Matching } from "../../core/engine/engine.ts";
import { pushDown } from "../../core/engine/push-down.ts";
import type { Ruleset } from "../../core/engine/ruleset.ts";
import { selectSyscalls, syscallsOfEvents } from "../../core/engine/selection.ts";
import { EVENT } from "../../core/schema/event-codes.ts";
import { State } from "../../core/state/state.ts";
import type { Thread } from "../../core/state/thread.ts";
import { rulesetOf } from "../harness/synthetic-events.ts";

/** Probes as most machines have them, without plain loads of kernel memory, and as machines need it where a new task does not return from clone. */
export const WAYS = [{}, { helperReads: true }, { childAtFork: true }];

const MAX_DEPTH = 20;
/** For the last events to come. */
const PATIENCE_MS = 30_000;

/** A live source with an engine of its own, and what it found of some processes and their children. */
class Watcher {
  readonly source: EbpfSource;
  readonly engine: Engine<Ruleset["rules"][number]>;
  /** `rule tid result program user container` of each match. */
  readonly alerts: string[] = [];
  /** Threads that were seen to end. */
  readonly ended = new Set<number>();
  /** Events of the watched processes. */
  events = 0;
  /** Turns push-down on or off. */
  readonly filter: (on: boolean) => void;

  constructor(
    ruleset: Ruleset,
    filtered: boolean,
    isWatched: (pid: number) => boolean,
    options: Partial<EbpfOptions>,
    all: boolean,
  ) {
    const base = { custom_set: [], repair: false, all };
    const traced = selectSyscalls(syscallsOfEvents(ruleset.codes("syscall")), base).codes;
    const state = new State();
    // As live sources have it: children that /proc showed are told from those that events bring.
    state.threadExists = () => true;
    const matching: Matching<Ruleset["rules"][number]> = {
      match: (context, onMatch) => {
        const { thread } = state;
        if (!thread || !isBelow(state, thread, isWatched)) return;
        this.events++;
        if (context.event.code === EVENT.PROCEXIT_1_E) this.ended.add(context.event.tid);
        ruleset.match(context, onMatch);
      },
    };
    this.engine = new Engine(state, matching, (rule, { event }) => {
      const thread = state.thread!;
      const who = `${thread.comm} ${thread.uid} ${thread.containerId || "host"}`;
      this.alerts.push(`${rule.name} ${event.tid} ${event.int(0, 0)} ${who}`);
    });
    const filters = pushDown(traced, ruleset.rules);
    this.source = new EbpfSource({
      traced,
      bufferSize: 128 << 20,
      ...options,
      ...(filtered ? { filters } : {}),
    });
    this.filter = (on) => this.source.setTraced(traced, on ? filters : new Map());
    state.fetchThread = (tid, sink) => this.source.fetchThread(tid, sink);
    state.fetchFds = (pid, fds, sink) => this.source.fetchFds(pid, fds, sink);
  }

  drain(): void {
    while (this.source.pump(this.engine, 0) > 0);
  }
}

function isBelow(state: State, thread: Thread, isWatched: (pid: number) => boolean): boolean {
  let above: Thread | undefined = thread;
  for (let depth = 0; above && depth < MAX_DEPTH; depth++) {
    if (isWatched(above.pid)) return true;
    above = state.threads.get(above.ptid);
  }
  return false;
}

/** The same rules twice on the same machine: over all events, and over those that the filters made for them let pass. */
export class TwoWatchers {
  readonly all: Watcher;
  readonly filtered: Watcher;
  readonly #pids = new Set<number>();

  /** Rules are named r0, r1, … `all`: they see reading and writing too. */
  constructor(conditions: readonly string[], options: Partial<EbpfOptions> = {}, all = false) {
    const ruleset = rulesetOf(...conditions);
    const isWatched = (pid: number): boolean => this.#pids.has(pid);
    this.all = new Watcher(ruleset, false, isWatched, options, all);
    this.filtered = new Watcher(ruleset, true, isWatched, options, all);
    for (const { source, engine } of this.#both()) source.open(engine);
  }

  /** Events that either watcher lost. */
  get lost(): number {
    const lost = this.#both().flatMap(({ source }) => Object.values(source.stats().dropped));
    return lost.reduce((sum, count) => sum + count, 0);
  }

  /** Runs a command to its end; what it and its children do is compared. Returns its exit code. */
  async run(...command: readonly string[]): Promise<number> {
    return this.watch(Bun.spawn([...command], { stdout: "ignore", stderr: "inherit" }));
  }

  /** As `run` for a process that has been started. */
  async watch(child: { readonly pid: number; readonly exited: Promise<number> }): Promise<number> {
    this.#pids.add(child.pid);
    let ended = false;
    void child.exited.then(() => {
      ended = true;
    });
    // As it goes, since a source finds things out in between.
    while (!ended) {
      this.drain();
      await Bun.sleep(5);
    }
    const watchers = this.#both();
    for (
      const end = Date.now() + PATIENCE_MS;
      Date.now() < end && !watchers.every(({ ended }) => ended.has(child.pid));
    ) {
      this.drain();
      await Bun.sleep(5);
    }
    return child.exited;
  }

  /** Turns push-down on or off, for the watcher that has it. */
  filter(on: boolean): void {
    this.filtered.filter(on);
  }

  /** Takes what has come so far. */
  drain(): void {
    for (const watcher of this.#both()) watcher.drain();
  }

  /** Alerts of a rule. */
  alertsOf(rule: number, watcher = this.all): string[] {
    return watcher.alerts.filter((alert) => alert.startsWith(`r${rule} `));
  }

  close(): void {
    for (const { source } of this.#both()) source.close();
  }

  #both(): readonly Watcher[] {
    return [this.all, this.filtered];
  }
}

/**
 * Before the tests of a group: lets `watch` do something under watchers that it opens, in a folder of its own, which has to end with 0 and nothing lost; lets
 * go of all that behind them.
 */
export function watchedIn(
  name: string,
  watch: (
    dir: string,
    open: (...how: ConstructorParameters<typeof TwoWatchers>) => TwoWatchers,
  ) => Promise<number>,
): { readonly dir: string; readonly watchers: TwoWatchers } {
  const dir = mkdtempSync(join(tmpdir(), `falco-${name}-`));
  let watchers: TwoWatchers | undefined;
  beforeAll(async () => {
    const status = await watch(dir, (...how) => {
      watchers = new TwoWatchers(...how);
      return watchers;
    });
    expect(status).toBe(0);
    expect(watchers!.lost).toBe(0);
  }, 180_000);
  afterAll(() => {
    watchers?.close();
    rmSync(dir, { recursive: true, force: true });
  });
  return {
    dir,
    get watchers(): TwoWatchers {
      return watchers!;
    },
  };
}

/**
 * Each of the rules has alerts, and the same come in the same order with the filters as without; `byThread`: each thread's, since what happens at the same
 * time on two CPUs may reach one watcher in this order, and the other in that.
 */
export function expectSameAlerts(watchers: TwoWatchers, rules: readonly string[], byThread = false): void {
  for (const rule of rules.keys())
    expect({ rule, alerts: watchers.alertsOf(rule).length > 0 }).toEqual({ rule, alerts: true });
  const [filtered, all] = [watchers.filtered.alerts, watchers.all.alerts];
  expect(byThread ? threadsOf(filtered) : filtered).toEqual(byThread ? threadsOf(all) : all);
}

const tidOf = (alert: string): number => Number(alert.split(" ")[1]);
const threadsOf = (alerts: readonly string[]): string[] => alerts.toSorted((a, b) => tidOf(a) - tidOf(b));
