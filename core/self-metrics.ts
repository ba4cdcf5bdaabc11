import { createHash } from "node:crypto";
import { release } from "node:os";
import type { LoadedConfig } from "./config/load.ts";
import type { RulesFile } from "./config/rules-files.ts";
import type { GroupStats } from "./engine/engine-group.ts";
import type { EngineStats } from "./engine/messages.ts";
import type { HashedFile, MetricsInput, SourceInput } from "./metrics/input.ts";
import { bootTime, interfaceAddresses, readResources } from "./metrics/resources.ts";
import type { OutputQueue } from "./outputs/outputs.ts";
import { VERSIONS } from "./versions.ts";

const ENGINE_NAMES: Readonly<Record<string, string>> = {
  modern_ebpf: "modern_bpf",
  kmod: "modern_bpf",
  replay: "savefile",
};

const nowNs = (): bigint => BigInt(Date.now()) * 1_000_000n;
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** What this process has to say of itself, gathered from its parts whenever somebody asks. */
export class SelfMetrics {
  readonly #outputs: OutputQueue;
  readonly #started = nowNs();
  #reloaded = this.#started;
  #config: LoadedConfig;
  #rulesFiles: readonly HashedFile[] = [];
  #stats: GroupStats | undefined;
  #hostname: string;

  constructor(config: LoadedConfig, outputs: OutputQueue, hostname: string) {
    this.#config = config;
    this.#outputs = outputs;
    this.#hostname = hostname;
  }

  /** Configuration and rules that are in effect from now on. */
  loaded(config: LoadedConfig, rules: readonly RulesFile[]): void {
    this.#config = config;
    this.#rulesFiles = rules.map(({ name, content }) => ({ path: name, sha256: sha256(content) }));
    this.#reloaded = nowNs();
  }

  /** The engine's latest numbers. */
  set stats(stats: GroupStats) {
    this.#stats = stats;
  }

  input(): MetricsInput {
    const now = nowNs();
    const uptime = Number((now - this.#started) / 1_000_000n) / 1000;
    const stats = this.#stats;
    return {
      version: VERSIONS.falco,
      hostname: this.#hostname,
      kernelRelease: release(),
      cpus: navigator.hardwareConcurrency,
      now,
      started: this.#started,
      reloaded: this.#reloaded,
      booted: bootTime(),
      rulesFiles: this.#rulesFiles,
      configFiles: this.#config.files.map(({ path, sha256: hash }) => ({ path, sha256: hash })),
      sources: this.#sources(stats),
      alerts: this.#outputs.counts,
      outputs: this.#outputs.stats(),
      ...(stats?.ruleCosts ? { ruleCosts: stats.ruleCosts } : {}),
      resources: readResources(uptime),
      addresses: interfaceAddresses(),
    };
  }

  #sources(stats: GroupStats | undefined): SourceInput[] {
    const { kind } = this.#config.config.engine;
    const engine = ENGINE_NAMES[kind] ?? kind;
    if (!stats) return [{ source: "syscall", engine, processed: 0, counters: {} }];
    return stats.engines.map((one) =>
      sourceOf(one.source, one.isPlugin ? "source_plugin" : engine, one.stats),
    );
  }
}

const sourceOf = (source: string, engine: string, stats: EngineStats): SourceInput => ({
  source,
  engine,
  processed: stats.events,
  counters: countersOf(stats),
  ...(stats.perCpu ? { perCpu: stats.perCpu } : {}),
  ...(stats.plugins.length > 0 ? { plugins: stats.plugins } : {}),
});

function countersOf(stats: EngineStats): Record<string, number> {
  const lost = Object.values(stats.drops).reduce((sum, count) => sum + count, 0);
  return {
    n_evts: stats.seen,
    n_drops: lost,
    n_evts_postponed: stats.postponed,
    ...stats.drops,
    n_threads: stats.threads,
    n_fds: stats.fds,
    ...stats.state,
  };
}
