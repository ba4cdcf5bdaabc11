import type { FillerSet } from "../filler.ts";
import { descriptorFillers } from "./descriptor.ts";
import { openFillers } from "./open.ts";
import { processFillers } from "./process.ts";

/** Every event that a system call's end gives, but for execve and the clone family. */
export const FILLERS: FillerSet = {
  ...openFillers,
  ...descriptorFillers,
  ...processFillers,
  GENERIC_X: { ID: (call) => call.call.code, nativeID: (call) => call.call.number },
};
