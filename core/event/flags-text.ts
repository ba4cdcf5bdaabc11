import { isSeldom } from "../ffi/seldom.ts";
import type { FlagTable } from "../schema/flags.ts";

/**
 * Names of the bits that are set, in table order, joined by `|`. A name that matched clears its bits, so
 * O_RDWR hides O_RDONLY; zero-valued names show only for zero; bits without a name are dropped.
 */
export function flagsText(table: FlagTable, value: number): string {
  const names: string[] = [];
  let left = value;
  for (const [name, bits] of table) {
    const matches = bits === 0 ? value === 0 : left !== 0 && (left & bits) >>> 0 === bits >>> 0;
    if (!matches) continue;
    names.push(name);
    left &= ~bits;
    if (bits === value) break;
  }
  return names.join("|");
}

/** All names of the value, aliases too (`AF_LOCAL|AF_UNIX`). */
export function enumText(table: FlagTable, value: number): string {
  return table
    .filter(([, v]) => v === value)
    .map(([name]) => name)
    .join("|");
}

/** Like flags, but ends with the first name that is the whole value. */
export function modeText(table: FlagTable, value: number): string {
  const names: string[] = [];
  let left = value;
  for (const [name, bits] of table) {
    if (bits === value) {
      names.push(name);
      break;
    }
    if (bits !== 0 && left !== 0 && (left & bits) >>> 0 === bits >>> 0) {
      names.push(name);
      left &= ~bits;
    }
  }
  return names.join("|");
}

isSeldom(flagsText, enumText, modeText);
