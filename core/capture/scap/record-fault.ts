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
  const length = view.getUint32(offset + 16, true);
  if (length < EVENT_HEADER_SIZE || length > space) {
    return `an event of ${length} bytes is in a block of ${space}`;
  }
  const width = WIDE_LENGTHS[code] === 1 ? 4 : 2;
  let at = offset + EVENT_HEADER_SIZE;
  const lengthsEnd = at + params * width;
  let left = offset + length - lengthsEnd;
  // Looked at first: the lengths themselves may lie beyond the record.
  if (left >= 0) {
    for (; at < lengthsEnd; at += width) {
      left -= width === 2 ? view.getUint16(at, true) : view.getUint32(at, true);
    }
  }
  return left < 0 ? `the parameters of an event ${EVENTS[code]!.id} exceed its ${length} bytes` : undefined;
}
