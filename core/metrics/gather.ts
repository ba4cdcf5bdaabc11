import { availableParallelism, release } from "node:os";
import type { MetricsInput } from "./input.ts";
import { bootTime, interfaceAddresses, readResources } from "./resources.ts";

/** What only the running program knows; this machine's part is read here. */
export type ProgramFacts = Omit<
  MetricsInput,
  "kernelRelease" | "cpus" | "now" | "booted" | "resources" | "addresses"
>;

/** One complete input of the metrics event and the Prometheus page, as of now. */
export function gatherMetrics(facts: ProgramFacts): MetricsInput {
  const now = BigInt(Date.now()) * 1_000_000n;
  return {
    ...facts,
    kernelRelease: release(),
    cpus: availableParallelism(),
    now,
    booted: bootTime(),
    resources: readResources(Number(now - facts.started) / 1e9),
    addresses: interfaceAddresses(),
  };
}
