import type { FillerSet } from "../filler.ts";
import { createFillers } from "./create.ts";
import { dataFillers } from "./data.ts";
import { descriptorFillers } from "./descriptor.ts";
import { identityFillers } from "./identity.ts";
import { ipcFillers } from "./ipc.ts";
import { keyctlFillers } from "./keyctl.ts";
import { memoryFillers } from "./memory.ts";
import { messageFillers } from "./message.ts";
import { openFillers } from "./open.ts";
import { pathFillers } from "./path.ts";
import { processFillers } from "./process.ts";
import { quotactlFillers } from "./quotactl.ts";
import { socketFillers } from "./socket.ts";
import { socketOptionFillers } from "./socket-option.ts";
import { systemFillers } from "./system.ts";
import { waitFillers } from "./wait.ts";

/** Every event that a system call's end gives, but for execve and the clone family; `snapLength` bytes of data are kept. */
export function syscallFillers(snapLength: number): FillerSet {
  return {
    ...openFillers,
    ...descriptorFillers,
    ...createFillers,
    ...dataFillers(snapLength),
    ...pathFillers,
    ...processFillers,
    ...identityFillers,
    ...memoryFillers,
    ...socketFillers,
    ...socketOptionFillers,
    ...messageFillers(snapLength),
    ...waitFillers,
    ...ipcFillers,
    ...systemFillers,
    ...keyctlFillers,
    ...quotactlFillers,
    GENERIC_X: { ID: (call) => call.call.code, nativeID: (call) => call.call.number },
  };
}
