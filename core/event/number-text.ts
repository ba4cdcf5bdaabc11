import { isSeldom } from "../ffi/seldom.ts";
import type { ParamType, PrintFormat } from "../schema/event-row.ts";

const BITS: Partial<Record<ParamType, number>> = {
  INT8: 8,
  UINT8: 8,
  INT16: 16,
  UINT16: 16,
  INT32: 32,
  UINT32: 32,
  INT64: 64,
  UINT64: 64,
  MODE: 32,
};

/**
 * A number as its print format says: HEX upper-case without prefix, OCT with a leading 0 (zero is `0`),
 * 10_PADDED_DEC with nine digits. Hex and octal show the two's complement of the type's width.
 */
export function numberText(value: number | bigint, type: ParamType, format: PrintFormat): string {
  if (format === "HEX" || format === "OCT") {
    const unsigned = value < 0 ? BigInt.asUintN(BITS[type] ?? 64, BigInt(value)) : value;
    if (format === "HEX") return unsigned.toString(16).toUpperCase();
    return unsigned === 0 || unsigned === 0n ? "0" : `0${unsigned.toString(8)}`;
  }
  if (format === "10_PADDED_DEC") return value.toString().padStart(9, "0");
  return value.toString();
}

isSeldom(numberText);
