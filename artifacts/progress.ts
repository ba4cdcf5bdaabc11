/** Shows how far transfers are, on a terminal. */
export interface Progress {
  /** `done` of `size` bytes of what is called `title`. */
  show(title: string, done: number, size: number): void;
  /** What must be written before any other line, to take the bar away. */
  clear(): string;
}

const intervalMs = 100;
const erase = "\r\x1b[2K";

/** Draws with `write`, at most ten times a second; without it nothing is drawn. */
export function makeProgress(write: ((text: string) => void) | undefined): Progress {
  let drawn = false;
  let last = 0;
  const clear = (): string => {
    const text = drawn ? erase : "";
    drawn = false;
    return text;
  };
  return {
    clear,
    show: (title, done, size) => {
      if (!write) return;
      if (done >= size) return void write(clear());
      const now = Date.now();
      if (now - last < intervalMs) return;
      last = now;
      drawn = true;
      const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
      write(`${erase}${title}: ${mib(done)} of ${mib(size)} MiB (${Math.floor((100 * done) / size)} %)`);
    },
  };
}
