import { writeReady } from "../ffi/ready-writer.ts";
import { LineBatch } from "./line-batch.ts";
import type { Delivery, Message } from "./output.ts";

const SHORTEST_PAUSE_MS = 1;
const LONGEST_PAUSE_MS = 50;

/**
 * Writes lines to a pipe, socket or terminal that may stop taking them at any time. It waits with a timer instead of a
 * thread, so that any number of stuck readers costs nothing. `stopped` ends the wait; what is out by then counts.
 */
export async function writeLines(
  fd: number,
  messages: readonly Message[],
  stopped: () => boolean,
): Promise<Delivery> {
  const batch = new LineBatch(messages);
  let written = 0;
  let pause = SHORTEST_PAUSE_MS;
  try {
    while (written < batch.bytes.length) {
      const n = writeReady(fd, batch.bytes.subarray(written));
      written += n;
      if (written >= batch.bytes.length) break;
      if (stopped()) return batch.delivery(written, new Error("the reader did not take it in time"));
      pause = n > 0 ? SHORTEST_PAUSE_MS : Math.min(pause * 2, LONGEST_PAUSE_MS);
      await Bun.sleep(pause);
      if (stopped()) return batch.delivery(written, new Error("the reader did not take it in time"));
    }
  } catch (error) {
    return batch.delivery(written, error);
  }
  return batch.delivery(written);
}
