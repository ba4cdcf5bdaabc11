import { FalcoError } from "../../errors.ts";

/** The one error for whatever is wrong with a capture file; `position` counts bytes of the uncompressed data. */
export const captureFault = (file: string, position: number, reason: string, cause?: unknown): FalcoError =>
  new FalcoError("CAPTURE_CORRUPT", `Cannot read capture ${file} at byte ${position}: ${reason}`, {
    hint: "take the capture again or copy it again; events before this place are good",
    cause,
  });
