import type { Output } from "./output.ts";
import { writeLines } from "./stream-writer.ts";

/** Alerts as lines on standard output. A reader that stops reading stops this output only. */
export function stdoutOutput(fd = 1): Output {
  let closed = false;
  return {
    name: "stdout",
    batch: 256,
    patient: true,
    write: (messages) => writeLines(fd, messages, () => closed),
    close: async () => {
      closed = true;
    },
  };
}
