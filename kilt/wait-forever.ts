const ENDING = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

/**
 * Does nothing until it is told to end: what a container runs that is only there to lend its folders.
 * Resolves with the signal. As the first process of a container it would otherwise not be ended by
 * SIGTERM at all, and its task would be killed after a grace period.
 */
export function waitForever(): Promise<string> {
  // A pending promise does not keep the process alive by itself; a timer does.
  const alive = setInterval(() => {}, 1 << 30);
  return new Promise((resolve) => {
    for (const signal of ENDING) {
      process.once(signal, () => {
        clearInterval(alive);
        resolve(signal);
      });
    }
  });
}
