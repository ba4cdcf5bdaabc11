import { ScapSource } from "../capture/scap/scap-source.ts";
import type { Source } from "../event/source.ts";
import type { State } from "../state/state.ts";
import type { PluginHost } from "./plugin-host.ts";
import type { Ruleset } from "./ruleset.ts";
import type { SourceSpec, SourceStart } from "./source-spec.ts";

export interface OpenedSource {
  readonly source: Source;
  /** Watches what other rules want. */
  retarget(ruleset: Wanted): void;
  /** Calls to be watched besides, from the next `retarget` on. */
  rebase(spec: SourceSpec): void;
}

/** What a source needs to know of rules: the events they can match, and which of these; without the rules no event is left out. */
export type Wanted = Pick<Ruleset, "codes"> & Partial<Pick<Ruleset, "rules">>;

/** Sources that bring what they bring. */
const UNTARGETED = { retarget: () => {}, rebase: () => {} };

/** What some sources need beside their description. */
export interface SourceDeps {
  readonly plugins?: Pick<PluginHost, "open">;
  /** An eventfd that ends a long wait. */
  readonly wakeFd?: number;
  readonly warn?: (message: string) => void;
}

/** Makes the source that a specification describes, and gives state its ways to ask the system. */
export async function makeSource(
  start: SourceStart,
  state: State,
  wanted: Wanted,
  deps: SourceDeps = {},
): Promise<OpenedSource> {
  const { source } = start;
  switch (source.kind) {
    case "replay":
      return { source: new ScapSource(source.file), ...UNTARGETED };
    case "nodriver":
      return { source: new IdleSource(), ...UNTARGETED };
    case "plugin":
      if (!deps.plugins) throw new Error(`no plugins to take ${source.eventSource} from`);
      return { source: deps.plugins.open(source.plugin, state), ...UNTARGETED };
    default: {
      // What watches a machine is a third of the engine's code.
      const { makeLiveSource } = await import("./live-sources.ts");
      return makeLiveSource({ ...start, source }, state, wanted, deps);
    }
  }
}

/** No system calls at all: the engine still serves events that others bring. */
class IdleSource implements Source {
  readonly name = "syscall";
  open(): void {}
  async pump(_sink: unknown, timeoutMs: number): Promise<number> {
    await Bun.sleep(timeoutMs);
    return 0;
  }
  stats() {
    return { seen: 0, dropped: {} };
  }
  close(): void {}
}
