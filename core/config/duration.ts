const UNITS: readonly (readonly [name: string, milliseconds: number])[] = [
  ["y", 365 * 86_400_000],
  ["w", 7 * 86_400_000],
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
];
const PATTERN = new RegExp(`^${UNITS.map(([name]) => `(?:(\\d+)${name})?`).join("")}$`);

/** Milliseconds of a Prometheus duration such as `1h30m`; 0 for a text that is none. */
export function parseDuration(text: string): number {
  const match = PATTERN.exec(text.replaceAll(/\s/g, ""));
  if (!match) return 0;
  return UNITS.reduce((sum, [, milliseconds], i) => sum + Number(match[i + 1] ?? 0) * milliseconds, 0);
}
