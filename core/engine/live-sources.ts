import { statSync } from "node:fs";
import type { CallFilter } from "../capture/ebpf/call-filter.ts";
import { EbpfSource } from "../capture/ebpf/ebpf-source.ts";
import { PtraceSource } from "../capture/ptrace/ptrace-source.ts";
import { AccountFiles } from "../metadata/accounts.ts";
import { ContainerLookup } from "../metadata/container-lookup.ts";
import { httpGetOverUnix } from "../metadata/http-get.ts";
import type { State } from "../state/state.ts";
import { pushDown } from "./push-down.ts";
import { selectionWarnings, selectSyscalls, syscallsOfEvents } from "./selection.ts";
import type { SourceSpec, SourceStart } from "./source-spec.ts";
import type { OpenedSource, SourceDeps, Wanted } from "./sources.ts";

type Live = Extract<SourceSpec, { kind: "modern_ebpf" | "ptrace" }>;

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

/** Makes the source that watches this machine, and gives state its ways to ask it. */
export function makeLiveSource(
  { source: spec, containers }: SourceStart & { readonly source: Live },
  state: State,
  wanted: Wanted,
  { wakeFd, warn }: SourceDeps,
): OpenedSource {
  const hostRoot = containers.hostRoot;
  const selection = tracedFor(wanted, spec);
  for (const warning of selection.warnings) warn?.(warning);
  const source = liveSource(spec, selection, wakeFd);
  const lookup = new ContainerLookup(containers, httpGetOverUnix);
  state.ownPid = process.pid;
  state.accounts.source = new AccountFiles(hostRoot);
  state.findContainer = (match, known, ancestors) => lookup.find(match, known, ancestors);
  state.fetchThread = (tid, sink) => source.fetchThread(tid, sink);
  state.fetchFds = (pid, fds, sink) => source.fetchFds(pid, fds, sink);
  state.threadExists = (tid) => statSync(`${hostRoot}/proc/${tid}`, { throwIfNoEntry: false }) !== undefined;
  let { base } = spec;
  const retarget = (next: Wanted): void => {
    const { traced, filters, warnings } = tracedFor(next, { ...spec, base });
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
