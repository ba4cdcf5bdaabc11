const pad = (value: number, digits = 2): string => String(value).padStart(digits, "0");

/** Whole seconds and the nanoseconds of them, of a time in nanoseconds since the epoch. */
export function splitTime(time: bigint): { readonly date: Date; readonly nanos: string } {
  return {
    date: new Date(Number(time / 1_000_000n)),
    nanos: (time % 1_000_000_000n).toString().padStart(9, "0"),
  };
}

const day = (date: Date): string =>
  `${pad(date.getFullYear(), 4)}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;

/** Offsets from UTC change at most at quarters of an hour, so one look-up serves all times of a quarter. */
const QUARTER = 900;
let quarter = Number.NaN;
let offsetSeconds = 0;

/** Local `HH:MM:SS`, with `.nnnnnnnnn` unless only seconds are wanted. */
export function clockText(time: bigint, nanoseconds = true): string {
  const seconds = Number(time / 1_000_000_000n);
  const now = Math.floor(seconds / QUARTER);
  if (now !== quarter) {
    quarter = now;
    offsetSeconds = -60 * new Date(seconds * 1000).getTimezoneOffset();
  }
  const local = (((seconds + offsetSeconds) % 86400) + 86400) % 86400;
  const clock = `${pad(Math.floor(local / 3600))}:${pad(Math.floor(local / 60) % 60)}:${pad(local % 60)}`;
  return nanoseconds ? `${clock}.${splitTime(time).nanos}` : clock;
}

/** Local `YYYY-MM-DD HH:MM:SS`, with `.nnnnnnnnn` unless only seconds are wanted. */
export function dateTimeText(time: bigint, nanoseconds = true): string {
  return `${day(splitTime(time).date)} ${clockText(time, nanoseconds)}`;
}

/** UTC `YYYY-MM-DDTHH:MM:SS.nnnnnnnnn` with the suffix that the caller's format wants (`Z`, `+0000`). */
export function isoText(time: bigint, suffix: string): string {
  const { date, nanos } = splitTime(time);
  return `${date.toISOString().slice(0, 19)}.${nanos}${suffix}`;
}

/** A number as C's `%g` prints it: six significant digits, no trailing zeroes, exponent of two digits. */
export function shortestSix(value: number): string {
  if (value === 0) return "0";
  const exponent = Math.floor(Math.log10(Math.abs(value)));
  const rounded = Number(value.toPrecision(6));
  if (exponent < -4 || Math.abs(rounded) >= 1e6) {
    const [mantissa, power] = value.toExponential(5).split("e") as [string, string];
    const digits = power.slice(1).padStart(2, "0");
    return `${mantissa.replace(/\.?0+$/, "")}e${power[0]}${digits}`;
  }
  return String(rounded);
}
