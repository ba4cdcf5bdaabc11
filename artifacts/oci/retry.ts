export interface RetryPolicy {
  /** How often something is tried in all. */
  readonly attempts: number;
  /** Pause after the first failure, in milliseconds; it doubles with each. */
  readonly baseDelayMs: number;
  /** No pause is longer, whatever the server asks for. */
  readonly maxDelayMs: number;
}

/** Waits before the next attempt: as long as Retry-After says (seconds or a date), or ever longer, with jitter. */
export async function backoff(
  attempt: number,
  policy: RetryPolicy,
  retryAfter: string | null = null,
  signal?: AbortSignal,
): Promise<void> {
  const own = policy.baseDelayMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
  await sleep(Math.min(policy.maxDelayMs, Math.max(own, retryAfterMs(retryAfter))), signal);
}

/** RFC 9110, 10.2.3: a number of seconds, or a date. What is neither counts as absent. */
export function retryAfterMs(value: string | null, now = Date.now()): number {
  if (value === null) return 0;
  if (/^\s*\d{1,9}\s*$/.test(value)) return Number(value) * 1000;
  const date = /^\s*[A-Z][a-z]{2}, /.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isFinite(date) ? Math.max(0, date - now) : 0;
}

/** Resolves after `ms`, or rejects at once with the signal's reason. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
