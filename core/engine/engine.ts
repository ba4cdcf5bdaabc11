// hot path
import { EventCursor } from "../event/cursor.ts";
import type {
  FdSeed,
  GroupSeed,
  InterfaceSeed,
  MachineInfo,
  Sink,
  ThreadSeed,
  UserSeed,
} from "../event/source.ts";
import type { Context } from "../fields/field.ts";
import type { State } from "../state/state.ts";

/** Rules as the engine needs them: something that finds those an event matches. */
export interface Matching<R> {
  match(context: Context, onMatch: (rule: R) => void): void;
}

/**
 * The way of one event: state takes it in, rules look at it, and what it ended is let go. Sources call it
 * directly, on their own memory.
 */
export class Engine<R> implements Sink {
  readonly context: Context;
  readonly #event = new EventCursor();
  readonly #state: State;
  readonly #onMatch: (rule: R) => void;
  #matching: Matching<R>;
  #events = 0;

  /** `onMatch` runs while the event is current: the context shows it. */
  constructor(state: State, matching: Matching<R>, onMatch: (rule: R, context: Context) => void) {
    this.#state = state;
    this.#matching = matching;
    this.context = { event: this.#event, state };
    this.#onMatch = (rule) => onMatch(rule, this.context);
  }

  /** Events taken in since the start. */
  get events(): number {
    return this.#events;
  }

  /** Other rules from the next event on; state stays. */
  use(matching: Matching<R>): void {
    this.#matching = matching;
  }

  event(bytes: Buffer, view: DataView, offset: number, cpu: number): boolean {
    const event = this.#event;
    if (!event.set(bytes, view, offset, cpu)) return false;
    event.num = ++this.#events;
    this.#state.apply(event);
    this.#matching.match(this.context, this.#onMatch);
    this.#state.settle();
    return true;
  }

  learn(bytes: Buffer, view: DataView, offset: number, cpu: number): boolean {
    const event = this.#event;
    if (!event.set(bytes, view, offset, cpu)) return false;
    event.num = ++this.#events;
    this.#state.apply(event);
    this.#state.settle();
    return true;
  }

  machine(info: MachineInfo): void {
    this.#state.seeds.machine(info);
  }
  thread(seed: ThreadSeed): void {
    this.#state.seeds.thread(seed);
  }
  fd(seed: FdSeed): void {
    this.#state.seeds.fd(seed);
  }
  user(seed: UserSeed): void {
    this.#state.seeds.user(seed);
  }
  group(seed: GroupSeed): void {
    this.#state.seeds.group(seed);
  }
  interface(seed: InterfaceSeed): void {
    this.#state.seeds.interface(seed);
  }
  restart(): void {
    this.#state.seeds.restart();
  }
}
