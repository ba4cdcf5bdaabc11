const FORM = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([+-])(\d\d):(\d\d))$/;

/** Nanoseconds since the epoch of a time as RFC 3339 writes it; undefined for what is none, or lies before the epoch. */
export function timestamp(text: string): bigint | undefined {
  const parts = FORM.exec(text);
  if (!parts) return undefined;
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const [, , , , , , , fraction = "", sign, zoneHours = 0, zoneMinutes = 0] = parts;
  const days = new Date(Date.UTC(year, month - 1, day));
  const isDay = days.getUTCMonth() === month - 1 && days.getUTCDate() === day;
  if (!isDay || hour > 23 || minute > 59 || second > 59 || +zoneHours > 23 || +zoneMinutes > 59)
    return undefined;
  const zone = (+zoneHours * 60 + +zoneMinutes) * (sign === "-" ? 60 : -60);
  const seconds = days.getTime() / 1000 + hour * 3600 + minute * 60 + second + zone;
  if (seconds < 0) return undefined;
  return BigInt(seconds) * 1_000_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, "0"));
}
