import type { Architecture } from "./architecture.ts";
import type { Btf } from "./btf.ts";
import type { KernelCopies } from "./kernel-copies.ts";

/** What programs are generated for: this kernel, this machine, this run. */
export interface Target {
  readonly btf: Btf;
  readonly arch: Architecture;
  /**
   * BTF id of bpf_rdonly_cast (Linux ≥ 6.2): typed pointers then are read with plain loads, about a
   * nanosecond each. Without it every load is a call of bpf_probe_read_kernel.
   */
  readonly cast: number | undefined;
  /** Nanoseconds since the epoch at boot. */
  readonly bootTime: bigint;
  /** Own process, as the initial pid namespace numbers it; its events are not captured. */
  readonly self: number;
  /** Highest CPU number that may ever come up, plus one. */
  readonly cpus: number;
  /** Calls that failed are not recorded. */
  readonly dropFailed: boolean;
  /** Bytes of read and written data to keep. */
  readonly snapLength: number;
  /** Where what the kernel copied is kept; absent where no hook can be had. */
  readonly copies?: KernelCopies;
  /** Map descriptors. */
  readonly maps: {
    readonly scratch: number;
    readonly nestedScratch: number;
    readonly ring: number;
    readonly counters: number;
    readonly interest: number;
    readonly programs: number;
    /** What records told of threads, by id; see FACTS. */
    readonly facts: number;
    /** Places of control groups; see placeOfGroups. */
    readonly groups: number;
    /** What records told of descriptors, by process; see PROCESS. */
    readonly descriptors: number;
    /** An entry of that of which nothing is known. */
    readonly blank: number;
  };
}
