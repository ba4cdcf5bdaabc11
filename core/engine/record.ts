import { Recorder, type RecorderOptions } from "../capture/scap/recorder.ts";
import type { Context } from "../fields/field.ts";
import { EVENT } from "../schema/event-codes.ts";
import { EVENTS } from "../schema/events.ts";
import { State } from "../state/state.ts";
import { Engine } from "./engine.ts";
import { compileFilter, type Filter } from "./filter.ts";
import { runLoop } from "./loop.ts";
import type { SourceStart } from "./source-spec.ts";
import { makeSource } from "./sources.ts";

export interface RecordOptions extends RecorderOptions {
  /** Condition that events must satisfy. */
  readonly filter?: string;
}

export interface RecordResult {
  readonly events: number;
  readonly seen: number;
  readonly files: number;
  /** Lost events by cause. */
  readonly dropped: Readonly<Record<string, number>>;
}

/** What a reader needs to understand the other events: who runs, as whom and where. No filter leaves it out. */
const ALWAYS: ReadonlySet<number> = new Set([
  EVENT.SYSCALL_CLONE_20_X,
  EVENT.SYSCALL_CLONE3_X,
  EVENT.SYSCALL_FORK_20_X,
  EVENT.SYSCALL_VFORK_20_X,
  EVENT.SYSCALL_EXECVE_19_X,
  EVENT.SYSCALL_EXECVEAT_X,
  EVENT.PROCEXIT_1_E,
  EVENT.SYSCALL_CHDIR_X,
  EVENT.SYSCALL_FCHDIR_X,
  EVENT.SYSCALL_SETUID_X,
  EVENT.SYSCALL_SETGID_X,
  EVENT.SYSCALL_SETRESUID_X,
  EVENT.SYSCALL_SETRESGID_X,
  EVENT.SYSCALL_SETSID_X,
  EVENT.CONTAINER_JSON_E,
  EVENT.CONTAINER_JSON_2_E,
  EVENT.ASYNCEVENT_E,
  EVENT.USER_ADDED_E,
  EVENT.USER_DELETED_E,
  EVENT.GROUP_ADDED_E,
  EVENT.GROUP_DELETED_E,
]);

const EVERYTHING: Filter = { codes: new Set(EVENTS.map((event) => event.code)), matches: () => true };

/** Records what a source sees into capture files, until a limit, the end of the source, or `stopped`. */
export async function recordEvents(
  start: SourceStart,
  options: RecordOptions,
  stopped: () => boolean,
): Promise<RecordResult> {
  const filter = options.filter === undefined ? EVERYTHING : compileFilter(options.filter);
  const state = new State({ threads: start.maxThreads });
  const recorder = new Recorder(state, options);
  const matching = {
    match: (context: Context): void => {
      if (ALWAYS.has(context.event.code) || filter.matches(context)) recorder.record(context.event);
    },
  };
  const engine = new Engine(state, matching, () => {});
  const { source } = await makeSource(start, state, { codes: () => new Set([...ALWAYS, ...filter.codes]) });
  const isLive = start.source.kind !== "replay";
  const deadline = Date.now() + options.maxSeconds * 1000;
  // On a quiet machine no event may come to say that the time is over.
  const isOver = (): boolean => isLive && options.maxSeconds > 0 && Date.now() >= deadline;
  try {
    await source.open(engine);
    await runLoop(source, engine, { flush: () => {}, stopped: () => recorder.done || stopped() || isOver() });
  } finally {
    source.close();
    recorder.close();
  }
  const { seen, dropped } = source.stats();
  return { events: recorder.events, seen, files: recorder.files, dropped };
}
