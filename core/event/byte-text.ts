/** Printable ASCII as it is, every other byte as a dot. */
export function dottedText(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte >= 0x20 && byte <= 0x7e ? String.fromCharCode(byte) : ".";
  return text;
}
