// hot path
import { EVENT_HEADER_SIZE } from "../../event/source.ts";
import { EF } from "../../schema/event-row.ts";
import { EVENTS } from "../../schema/events.ts";

const WIDE_LENGTHS = Uint8Array.from(EVENTS, (e) => (e.flags & EF.LARGE_PAYLOAD ? 1 : 0));

/** What is wrong with the lengths of the record at `offset`, for which there are `space` bytes; undefined when nothing is. */
export function recordFault(
  view: DataView,
  offset: number,
  space: number,
  code: number,
  params: number,
): string | undefined {
  // Read with sign: numbers that stay small integers are quick, and those that would be negative are wrong.
  const length = view.getInt32(offset + 16, true);
  if (length < EVENT_HEADER_SIZE || length > space) {
    return `an event of ${length >>> 0} bytes is in a block of ${space}`;
  }
  const isWide = WIDE_LENGTHS[code] === 1;
  let left = length - EVENT_HEADER_SIZE;
  let at = offset + EVENT_HEADER_SIZE;
  if (params < 0 || params > left >> 1) return exceeds(code, length);
  left -= isWide ? params * 4 : params * 2;
  if (isWide) {
    // Taken away one by one, since their sum may be too large for a small integer.
    for (let i = 0; i < params && left >= 0; i++, at += 4) {
      const size = view.getInt32(at, true);
      left = size < 0 || size > left ? -1 : left - size;
    }
  } else {
    for (let i = 0; i < params && left >= 0; i++, at += 2) left -= view.getUint16(at, true);
  }
  return left < 0 ? exceeds(code, length) : undefined;
}

const exceeds = (code: number, length: number): string =>
  `the parameters of an event ${EVENTS[code]!.id} exceed its ${length} bytes`;
