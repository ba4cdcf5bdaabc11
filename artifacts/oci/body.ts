import { FalcoError } from "../../core/errors.ts";

/** Thrown when a peer sends nothing for too long; the transfer can be resumed. */
class Stalled extends Error {
  constructor(ms: number) {
    super(`nothing received for ${ms / 1000} s`);
    this.name = "Stalled";
  }
}

/** A response's body piece by piece. A peer that sends nothing for `stallMs` ends it with Stalled. */
export async function* bodyChunks(response: Response, stallMs: number): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (!reader) return;
  let done = false;
  try {
    while (true) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const stalled = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Stalled(stallMs)), stallMs);
      });
      const piece = await Promise.race([reader.read(), stalled]).finally(() => clearTimeout(timer));
      if (piece.done) {
        done = true;
        return;
      }
      yield piece.value;
    }
  } finally {
    // Closes the connection when the consumer stops early; a cancel that fails has nothing left to close.
    if (!done) void reader.cancel().catch(() => undefined);
  }
}

/** A whole body of at most `limit` bytes; a longer one throws OCI_LIMIT without being read to its end. */
export async function readBody(
  response: Response,
  limit: number,
  stallMs: number,
  what: string,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bodyChunks(response, stallMs)) {
    size += chunk.length;
    if (size > limit) {
      throw new FalcoError("OCI_LIMIT", `Cannot read ${what}: it is larger than ${limit} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

/** Lets go of a response nobody will read, so that its connection is freed. */
export function discard(response: Response): void {
  void response.body?.cancel().catch(() => undefined);
}
