import type { Architecture } from "../architecture.ts";
import type { FillerSet } from "../program.ts";
import { descriptorFillers } from "./descriptor.ts";
import { openFillers } from "./open.ts";
import { processFillers } from "./process.ts";

/** Every event that a system call's end produces. */
export function syscallFillers(arch: Architecture): FillerSet {
  return {
    ...openFillers(arch),
    ...descriptorFillers(arch),
    ...processFillers(arch),
  };
}
