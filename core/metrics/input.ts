import type { OutputStats } from "../outputs/alert-queue.ts";
import type { AlertCounts } from "../outputs/statistics.ts";

/** A file whose content the metrics identify. */
export interface HashedFile {
  readonly path: string;
  readonly sha256: string;
}

/** What one event source reports. Counters carry the names of metrics/table.ts; unknown names are left out. */
export interface SourceInput {
  /** `syscall`, `k8s_audit`, … */
  readonly source: string;
  /** Name of what delivers its events: `modern_bpf`, `ptrace`, `savefile`, `source_plugin`, `nodriver`. */
  readonly engine: string;
  /** Events that were processed, after all drops. */
  readonly processed: number;
  readonly counters: Readonly<Record<string, number>>;
  readonly perCpu?: readonly { readonly events: number; readonly drops: number }[];
  /** BPF programs; their run counts exist only while kernel.bpf_stats_enabled is set. */
  readonly programs?: readonly {
    readonly name: string;
    readonly runs: number;
    readonly nanoseconds: number;
  }[];
  readonly plugins?: readonly {
    readonly name: string;
    readonly value: number;
    readonly kind: "counter" | "gauge";
  }[];
}

/** Cost of one rule's condition, where measuring it is enabled. */
export interface RuleCost {
  readonly rule: string;
  readonly source: string;
  readonly evaluations: number;
  readonly seconds: number;
}

/** Everything the metrics event and the Prometheus page are made of. All times are nanoseconds since the epoch. */
export interface MetricsInput {
  readonly version: string;
  readonly hostname: string;
  readonly kernelRelease: string;
  readonly cpus: number;
  readonly now: bigint;
  readonly started: bigint;
  readonly reloaded: bigint;
  readonly booted: bigint;
  readonly rulesFiles: readonly HashedFile[];
  readonly configFiles: readonly HashedFile[];
  /** The system call source first, if there is one. */
  readonly sources: readonly SourceInput[];
  readonly alerts: AlertCounts;
  readonly outputs: readonly OutputStats[];
  readonly ruleCosts?: readonly RuleCost[];
  /** Of this process and host; see metrics/resources.ts. */
  readonly resources: Readonly<Record<string, number>>;
  readonly addresses: readonly InterfaceAddresses[];
}

export interface InterfaceAddresses {
  readonly name: string;
  readonly ipv4: readonly string[];
  readonly ipv6: readonly string[];
}

/** The switches of the `metrics` section. */
export interface MetricsOptions {
  readonly rules_counters_enabled: boolean;
  readonly resource_utilization_enabled: boolean;
  readonly state_counters_enabled: boolean;
  readonly kernel_event_counters_enabled: boolean;
  readonly kernel_event_counters_per_cpu_enabled: boolean;
  readonly libbpf_stats_enabled: boolean;
  readonly plugins_metrics_enabled: boolean;
  readonly kernel_iter_event_counters_enabled: boolean;
  readonly convert_memory_to_mb: boolean;
  readonly include_empty_values: boolean;
}
