import { FalcoError } from "../core/errors.ts";
import type { ImageConfig, ImageConfigLookup } from "./target.ts";

const MAX_IMAGES = 1000;
const KEEP_MS = 10 * 60_000;
const KEEP_FAILURE_MS = 30_000;

interface Entry {
  readonly answer: Promise<ImageConfig>;
  until: number;
}

/**
 * A look-up that asks a registry once for what many pods need: answers are kept for ten minutes,
 * failures for half a minute, a thousand images at most. An answer that takes longer than `timeoutMs`
 * rejects for whoever waits; it is kept all the same when it comes.
 */
export function cachedLookup(lookup: ImageConfigLookup, timeoutMs: number): ImageConfigLookup {
  const entries = new Map<string, Entry>();
  return (image) => {
    let entry = entries.get(image);
    if (!entry || entry.until < Date.now()) {
      entry = ask(lookup, image);
      entries.delete(image);
      entries.set(image, entry);
      if (entries.size > MAX_IMAGES) entries.delete(entries.keys().next().value!);
    }
    return withTimeout(entry.answer, image, timeoutMs);
  };
}

function ask(lookup: ImageConfigLookup, image: string): Entry {
  const entry = { answer: lookup(image), until: Date.now() + KEEP_MS };
  // Whoever asked gets the failure; here it only says how long it holds.
  entry.answer.catch(() => {
    entry.until = Date.now() + KEEP_FAILURE_MS;
  });
  return entry;
}

async function withTimeout(
  answer: Promise<ImageConfig>,
  image: string,
  timeoutMs: number,
): Promise<ImageConfig> {
  let timer: Timer | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new FalcoError(
      "IMAGE_LOOKUP",
      `Cannot look up ${image}: its registry took longer than ${timeoutMs} ms`,
    );
    timer = setTimeout(() => reject(error), timeoutMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
