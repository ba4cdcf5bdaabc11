const TRUE = /^(?:y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON)$/;
const FALSE = /^(?:n|N|no|No|NO|false|False|FALSE|off|Off|OFF)$/;

/** A YAML 1.1 truth value, or undefined. */
export function toBool(text: string): boolean | undefined {
  if (TRUE.test(text)) return true;
  return FALSE.test(text) ? false : undefined;
}

/** A decimal, hexadecimal (0x…) or octal (0…) integer that fits a double exactly, or undefined. */
export function toInteger(text: string): number | undefined {
  const match = /^([+-]?)(?:(0[xX][0-9a-fA-F]+)|0([0-7]+)|(\d+))$/.exec(text.trim());
  if (!match) return undefined;
  const [, sign, hexadecimal, octal, decimal] = match;
  const value = hexadecimal ? Number(hexadecimal) : octal ? Number.parseInt(octal, 8) : Number(decimal);
  if (!Number.isSafeInteger(value)) return undefined;
  return sign === "-" ? -value : value;
}

/** A finite decimal number such as `.5` or `1e-3`, or undefined. */
export function toNumber(text: string): number | undefined {
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text.trim())) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}
