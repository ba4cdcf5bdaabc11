const pad = (value: number, digits = 2): string => String(value).padStart(digits, "0");

/** Whole seconds and the nanoseconds of them, of a time in nanoseconds since the epoch. */
export function splitTime(time: bigint): { readonly date: Date; readonly nanos: string } {
  return {
    date: new Date(Number(time / 1_000_000n)),
    nanos: (time % 1_000_000_000n).toString().padStart(9, "0"),
  };
}

const clock = (date: Date): string =>
  `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
const day = (date: Date): string =>
  `${pad(date.getFullYear(), 4)}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;

/** Local `HH:MM:SS`, with `.nnnnnnnnn` unless only seconds are wanted. */
export function clockText(time: bigint, nanoseconds = true): string {
  const { date, nanos } = splitTime(time);
  return nanoseconds ? `${clock(date)}.${nanos}` : clock(date);
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
