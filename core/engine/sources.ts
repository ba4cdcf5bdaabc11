import { statSync } from "node:fs";
import type { CallFilter } from "../capture/ebpf/call-filter.ts";
import { EbpfSource } from "../capture/ebpf/ebpf-source.ts";
import { PtraceSource } from "../capture/ptrace/ptrace-source.ts";
import { ScapSource } from "../capture/scap/scap-source.ts";
import type { Source } from "../event/source.ts";
import { AccountFiles } from "../metadata/accounts.ts";
import { ContainerLookup } from "../metadata/container-lookup.ts";
import { httpGetOverUnix } from "../metadata/http-get.ts";
import type { State } from "../state/state.ts";
import type { PluginHost } from "./plugin-host.ts";
import { pushDown } from "./push-down.ts";
import type { Ruleset } from "./ruleset.ts";
import { selectionWarnings, selectSyscalls, syscallsOfEvents } from "./selection.ts";
import type { SourceSpec, SourceStart } from "./source-spec.ts";

export interface OpenedSource {
  readonly source: Source;
  /** Watches what other rules want. */
  retarget(ruleset: Wanted): void;
  /** Calls to be watched besides, from the next `retarget` on. */
  rebase(spec: SourceSpec): void;
}

type Live = Extract<SourceSpec, { kind: "modern_ebpf" | "ptrace" }>;

/** What a source needs to know of rules: the events they can match, and which of these; without the rules no event is left out. */
type Wanted = Pick<Ruleset, "codes"> & Partial<Pick<Ruleset, "rules">>;

const tracedFor = (wanted: Wanted, spec: Live): CallSelection => {
  const rules = wanted.rules?.filter(({ definition }) => definition.source === "syscall");
  const asked = syscallsOfEvents(wanted.codes("syscall"), rules);
  const selection = selectSyscalls(asked, spec.base);
  const traced = selection.codes;
  const filters = rules ? pushDown(traced, rules) : new Map();
  return { traced, filters, warnings: selectionWarnings(asked, selection) };
};

interface CallSelection {
  readonly traced: ReadonlySet<number>;
  readonly filters: ReadonlyMap<number, CallFilter>;
  /** What people should know of it. */
  readonly warnings: readonly string[];
}

/** Sources that bring what they bring. */
const UNTARGETED = { retarget: () => {}, rebase: () => {} };

/** What some sources need beside their description. */
interface SourceDeps {
  readonly plugins?: Pick<PluginHost, "open">;
  /** An eventfd that ends a long wait. */
  readonly wakeFd?: number;
  readonly warn?: (message: string) => void;
}

/** Makes the source that a specification describes, and gives state its ways to ask the system. */
export function makeSource(
  start: SourceStart,
  state: State,
  ruleset: Wanted,
  { plugins, wakeFd, warn }: SourceDeps = {},
): OpenedSource {
  const { source: spec } = start;
  if (spec.kind === "replay") return { source: new ScapSource(spec.file), ...UNTARGETED };
  if (spec.kind === "nodriver") return { source: new IdleSource(), ...UNTARGETED };
  if (spec.kind === "plugin") {
    if (!plugins) throw new Error(`no plugins to take ${spec.eventSource} from`);
    return { source: plugins.open(spec.plugin, state), ...UNTARGETED };
  }
  const hostRoot = start.containers.hostRoot;
  const selection = tracedFor(ruleset, spec);
  for (const warning of selection.warnings) warn?.(warning);
  const source = liveSource(spec, selection, wakeFd);
  const lookup = new ContainerLookup(start.containers, httpGetOverUnix);
  state.ownPid = process.pid;
  state.accounts.source = new AccountFiles(hostRoot);
  state.findContainer = (match, known, ancestors) => lookup.find(match, known, ancestors);
  state.fetchThread = (tid, sink) => source.fetchThread(tid, sink);
  state.fetchFds = (pid, fds, sink) => source.fetchFds(pid, fds, sink);
  state.threadExists = (tid) => statSync(`${hostRoot}/proc/${tid}`, { throwIfNoEntry: false }) !== undefined;
  let { base } = spec;
  const retarget = (wanted: Wanted): void => {
    const { traced, filters, warnings } = tracedFor(wanted, { ...spec, base });
    for (const warning of warnings) warn?.(warning);
    source.setTraced(traced, filters);
  };
  const rebase = (next: SourceSpec): void => {
    if ("base" in next) base = next.base;
  };
  return { source, retarget, rebase };
}

function liveSource(
  spec: Live,
  { traced, filters }: CallSelection,
  wakeFd: number | undefined,
): EbpfSource | PtraceSource {
  if (spec.kind === "ptrace") return new PtraceSource({ ...spec, traced });
  const { snapLength, bufferBytes: bufferSize, dropFailed, memoryOnly } = spec;
  return new EbpfSource({
    traced,
    filters,
    snapLength,
    bufferSize,
    dropFailed,
    memoryOnly,
    ...(wakeFd === undefined ? {} : { wakeFd }),
  });
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
