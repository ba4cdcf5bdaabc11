// hot path
import type { Context } from "../fields/field.ts";
import { EVENT } from "../schema/event-codes.ts";
import type { State } from "../state/state.ts";
import type { Matching } from "./engine.ts";
import type { PluginHost } from "./plugin-host.ts";

const SYSCALL = "syscall";

/**
 * What plugins have to do with an event before rules see it. In a replay, whose events may be of several sources, the
 * plugin's number in a record says which; events of plugins that are not loaded belong to no source, and no rule.
 */
export class PluginEvents<R> implements Matching<R> {
  readonly #host: Pick<PluginHost, "ofNumber">;
  readonly #parsers: PluginHost["parsers"];
  readonly #isReplay: boolean;
  #rules: Matching<R>;
  #current = 0;

  constructor(rules: Matching<R>, host: Pick<PluginHost, "ofNumber" | "parsers">, isReplay: boolean) {
    this.#rules = rules;
    this.#host = host;
    this.#parsers = host.parsers;
    this.#isReplay = isReplay;
  }

  /** Other rules from the next event on. */
  use(rules: Matching<R>): void {
    this.#rules = rules;
  }

  match(context: Context, onMatch: (rule: R) => void): void {
    if (this.#isReplay) {
      const { event } = context;
      const isNumbered = event.code === EVENT.PLUGINEVENT_E || event.code === EVENT.ASYNCEVENT_E;
      const id = isNumbered ? event.uint(0, 0) : 0;
      if (id !== this.#current) this.#change(id, context.state);
    }
    const parsers = this.#parsers;
    for (let i = 0; i < parsers.length; i++) parsers[i]!(context);
    this.#rules.match(context, onMatch);
  }

  #change(id: number, state: State): void {
    this.#current = id;
    const known = id === 0 ? undefined : this.#host.ofNumber(id);
    state.sourceName = id === 0 ? SYSCALL : known?.source;
    state.plugin = known?.plugin;
  }
}
