import { EVENT_HEADER_SIZE } from "../../event/source.ts";
import { EVENT } from "../../schema/event-codes.ts";

/** Where a plugin event's data start in its record: header, two lengths of 32 bits, the plugin's number. */
export const PLUGIN_DATA_AT = EVENT_HEADER_SIZE + 2 * 4 + 4;
/** Where the plugin's number stands. */
export const PLUGIN_ID_AT = EVENT_HEADER_SIZE + 2 * 4;
/** The number of the parameter that holds the data. */
export const PLUGIN_DATA = 1;

/**
 * Writes the head of a plugin event's record at `at`; its data, `length` bytes, belong at `at + PLUGIN_DATA_AT`. Returns
 * the length of the whole record. `time` is in nanoseconds since the epoch.
 *
 *   | ts u64 | tid −1 | len u32 | 322 u16 | 2 u32 | 4 u32 | length u32 | plugin u32 | data |
 */
export function writePluginEvent(
  view: DataView,
  at: number,
  time: bigint,
  id: number,
  length: number,
): number {
  const whole = PLUGIN_DATA_AT + length;
  view.setBigUint64(at, time, true);
  view.setBigInt64(at + 8, -1n, true);
  view.setUint32(at + 16, whole, true);
  view.setUint16(at + 20, EVENT.PLUGINEVENT_E, true);
  view.setUint32(at + 22, 2, true);
  view.setUint32(at + EVENT_HEADER_SIZE, 4, true);
  view.setUint32(at + EVENT_HEADER_SIZE + 4, length, true);
  view.setUint32(at + PLUGIN_ID_AT, id, true);
  return whole;
}
