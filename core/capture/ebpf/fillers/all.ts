import type { Architecture } from "../architecture.ts";
import type { FillerSet } from "../program.ts";
import { createFillers } from "./create.ts";
import { dataFillers } from "./data.ts";
import { descriptorFillers } from "./descriptor.ts";
import { genericFillers } from "./generic.ts";
import { identityFillers } from "./identity.ts";
import { ipcFillers } from "./ipc.ts";
import { memoryFillers } from "./memory.ts";
import { messageFillers } from "./message.ts";
import { openFillers } from "./open.ts";
import { pathFillers } from "./path.ts";
import { processFillers } from "./process.ts";
import { socketFillers } from "./socket.ts";
import { socketOptionFillers } from "./socket-option.ts";
import { systemFillers } from "./system.ts";
import { waitFillers } from "./wait.ts";

/** Every event that a system call's end produces. */
export function syscallFillers(arch: Architecture): FillerSet {
  return {
    ...openFillers(arch),
    ...descriptorFillers(arch),
    ...createFillers(arch),
    ...dataFillers(),
    ...pathFillers(),
    ...processFillers(arch),
    ...identityFillers(),
    ...memoryFillers(arch),
    ...socketFillers(),
    ...socketOptionFillers(),
    ...messageFillers(),
    ...waitFillers(),
    ...ipcFillers(),
    ...systemFillers(),
    ...genericFillers(),
  };
}
