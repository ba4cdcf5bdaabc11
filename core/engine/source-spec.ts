import type { PluginSetting } from "../capture/plugin/plugin.ts";
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
      /** Nothing is taken from the kernel's own copies of what calls point at. */
      readonly memoryOnly: boolean;
      readonly base: BaseSyscalls;
    }
  | ({ readonly kind: "ptrace"; readonly base: BaseSyscalls; readonly snapLength: number } & Workload)
  /** Nothing: rules run on events of plugins and clients only. */
  | { readonly kind: "nodriver" }
  /** The source that the plugin of that name brings. */
  | { readonly kind: "plugin"; readonly plugin: string; readonly eventSource: string };

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
  /** All that are loaded; the engine starts those that have to do with its source. */
  readonly plugins: readonly PluginSetting[];
  /** Recordings that alerts start; absent when there are none. */
  readonly capture?: RuleCaptureOptions;
}
