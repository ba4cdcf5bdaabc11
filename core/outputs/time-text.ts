const NS_PER_SECOND = 1_000_000_000n;
/** Offsets from UTC change at most at quarters of an hour, so one look-up serves all alerts of a quarter. */
const QUARTER = 900;

let quarter = Number.NaN;
let offsetSeconds = 0;

const two = (n: number): string => (n < 10 ? "0" : "") + n;

/** Time of day in this machine's zone, with nanoseconds: `23:28:51.890980689`. Takes nanoseconds since the epoch. */
export function clockText(time: bigint): string {
  const seconds = Number(time / NS_PER_SECOND);
  const q = Math.floor(seconds / QUARTER);
  if (q !== quarter) {
    quarter = q;
    offsetSeconds = -60 * new Date(seconds * 1000).getTimezoneOffset();
  }
  const local = (((seconds + offsetSeconds) % 86400) + 86400) % 86400;
  const clock = `${two(Math.floor(local / 3600))}:${two(Math.floor(local / 60) % 60)}:${two(local % 60)}`;
  return `${clock}.${nanoseconds(time)}`;
}

/** UTC date and time with nanoseconds and without a zone: `2026-11-20T23:28:51.890980689`. */
export function utcText(time: bigint): string {
  const iso = new Date(Number(time / 1_000_000n)).toISOString();
  return `${iso.slice(0, iso.indexOf("."))}.${nanoseconds(time)}`;
}

const nanoseconds = (time: bigint): string => (time % NS_PER_SECOND).toString().padStart(9, "0");
