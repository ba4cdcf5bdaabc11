import { type ClientReadableStream, type ServiceError, status } from "@grpc/grpc-js";
import { FalcoClientError } from "./connection.ts";

/** Messages held for a reader that is busy; beyond that the server is held. */
const HIGH_WATER = 512;

/**
 * A response stream as an async iterable. Leaving the loop, or aborting, cancels the call; cancelling ends
 * the iteration without an error.
 */
export async function* readStream<T>(
  call: ClientReadableStream<T>,
  signal?: AbortSignal,
): AsyncGenerator<T, void> {
  let queue: T[] = [];
  let ended = false;
  let failure: ServiceError | undefined;
  let wake = () => {};
  const settle = (error?: ServiceError) => {
    failure ??= error;
    ended = true;
    wake();
  };
  const abort = () => call.cancel();
  call.on("data", (message: T) => {
    queue.push(message);
    if (queue.length >= HIGH_WATER) call.pause();
    wake();
  });
  call.on("error", (error: ServiceError) => settle(error));
  call.on("end", () => settle());
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort, { once: true });
  try {
    while (true) {
      if (queue.length > 0) {
        const batch = queue;
        queue = [];
        call.resume();
        yield* batch;
      } else if (ended) {
        break;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
    if (failure && failure.code !== status.CANCELLED) throw FalcoClientError.from(failure);
  } finally {
    signal?.removeEventListener("abort", abort);
    call.cancel();
  }
}
