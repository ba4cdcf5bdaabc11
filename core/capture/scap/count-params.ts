import { EVENT } from "../../schema/event-codes.ts";
import { EVENTS } from "../../schema/events.ts";

/** Size of the header of version 1 records, which lacks the number of parameters. */
export const OLD_HEADER_SIZE = 22;

/** Producers of these events counted three bytes too many. */
const MISCOUNTED = new Set<number>([EVENT.NOTIFICATION_E, EVENT.INFRASTRUCTURE_EVENT_E]);

/** The true length of a version 1 record whose header says `length`. */
export function oldRecordLength(code: number, length: number): number {
  return MISCOUNTED.has(code) ? length - 3 : length;
}

/**
 * Number of parameters of a version 1 record: the largest for which the lengths and the parameters they
 * announce fill the record exactly. -1 when there is none.
 */
export function countParams(view: DataView, offset: number, length: number, code: number): number {
  const end = offset + length;
  const lengths = offset + OLD_HEADER_SIZE;
  for (let count = EVENTS[code]!.params.length; count >= 0; count--) {
    let at = lengths + count * 2;
    if (at > end) continue;
    for (let i = 0; i < count; i++) at += view.getUint16(lengths + i * 2, true);
    if (at === end) return count;
    if (at < end) return -1;
  }
  return -1;
}
