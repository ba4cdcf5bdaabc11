import type { Architecture } from "../architecture.ts";
import type { FillerSet } from "../program.ts";
import { descriptorFillers } from "./descriptor.ts";
import { identityFillers } from "./identity.ts";
import { openFillers } from "./open.ts";
import { pathFillers } from "./path.ts";
import { processFillers } from "./process.ts";
import { socketFillers } from "./socket.ts";

/** Every event that a system call's end produces. */
export function syscallFillers(arch: Architecture): FillerSet {
  return {
    ...openFillers(arch),
    ...descriptorFillers(arch),
    ...pathFillers(),
    ...processFillers(arch),
    ...identityFillers(),
    ...socketFillers(),
  };
}
