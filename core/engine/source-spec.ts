import type { PtraceOptions } from "../capture/ptrace/ptrace-source.ts";
import type { RuleCaptureOptions } from "../capture/scap/rule-capture.ts";
import type { LookupOptions } from "../metadata/container-lookup.ts";
import type { MonitoringOptions } from "./monitoring.ts";
import type { BaseSyscalls } from "./selection.ts";

/** What ptrace watches. */
export type Workload = Pick<PtraceOptions, "target" | "detachable" | "killOnExit" | "workload">;

/** Where system calls come from, as it travels to the engine's thread. */
export type SourceSpec =
  | { readonly kind: "replay"; readonly file: string }
  | {
      readonly kind: "modern_ebpf";
      readonly bufferBytes: number;
      readonly snapLength: number;
      readonly dropFailed: boolean;
      readonly base: BaseSyscalls;
    }
  | ({ readonly kind: "ptrace"; readonly base: BaseSyscalls; readonly snapLength: number } & Workload)
  /** Nothing: rules run on events of plugins and clients only. */
  | { readonly kind: "nodriver" };

/** What events are taken from, and what is to be known of the machine they come from. */
export interface SourceStart {
  readonly source: SourceSpec;
  /** Shown in alerts; empty for the machine's own name. */
  readonly hostname: string;
  /** Container runtimes to ask, on live sources. */
  readonly containers: LookupOptions;
  readonly maxThreads: number;
}

/** How the engine is to run. */
export interface EngineStart extends SourceStart {
  readonly monitoring: MonitoringOptions;
  /** Recordings that alerts start; absent when there are none. */
  readonly capture?: RuleCaptureOptions;
}
