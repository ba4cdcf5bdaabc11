/** Colours only where a person looks: a terminal, and NO_COLOR unset (no-color.org). */
export const coloured = (stream: NodeJS.WriteStream = process.stdout): boolean =>
  stream.isTTY === true && !process.env.NO_COLOR;

/** Rows as aligned columns below upper-case headings. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [headings.map((h) => h.toUpperCase()), ...rows];
  const widths = headings.map((_, c) => Math.max(...all.map((row) => (row[c] ?? "").length)));
  return all
    .map((row) =>
      row
        .map((cell, c) => cell.padEnd(widths[c]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

let written: Promise<unknown> = Promise.resolve();

/** Prints a text and a line end. Where it goes may be slow or full: `flushed` tells. */
export const out = (text: string): void => {
  const line = text.endsWith("\n") ? text : text + "\n";
  const done = new Promise<void>((resolve, reject) =>
    process.stdout.write(line, (error) => (error ? reject(error) : resolve())),
  );
  written = Promise.all([written, done]);
  // Whoever waits for `flushed` hears of it; until then it must not count as unheard.
  written.catch(() => undefined);
};

/** Resolves when all that was printed has left this process, rejects when some of it could not. */
export const flushed = (): Promise<unknown> => written;

export const err = (text: string): void =>
  void process.stderr.write(text.endsWith("\n") ? text : text + "\n");
export const json = (value: unknown): void => out(JSON.stringify(value, null, 2));
