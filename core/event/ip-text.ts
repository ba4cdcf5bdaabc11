/** `a.b.c.d` of 4 bytes at `at`. */
export function ipv4Text(bytes: Uint8Array, at = 0): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}

/**
 * The canonical text of 16 address bytes as inet_ntop(3) writes it: lower-case hex, the longest run of two
 * or more zero groups as `::`, and the dotted form for IPv4-mapped and IPv4-compatible addresses.
 */
export function ipv6Text(bytes: Uint8Array, at = 0): string {
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((bytes[at + i]! << 8) | bytes[at + i + 1]!);
  let runStart = -1;
  let runLength = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > runLength) {
      runStart = i;
      runLength = end - i;
    }
    if (end > i) i = end;
  }
  // glibc writes ::a.b.c.d and ::ffff:a.b.c.d in dotted form.
  if (runStart === 0 && (runLength === 6 || (runLength === 5 && groups[5] === 0xffff))) {
    return `${runLength === 6 ? "::" : "::ffff:"}${ipv4Text(bytes, at + 12)}`;
  }
  const hex = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(":");
  return runStart < 0 ? hex(0, 8) : `${hex(0, runStart)}::${hex(runStart + runLength, 8)}`;
}

/** Text of a 4- or 16-byte address. */
export function ipText(bytes: Uint8Array): string {
  return bytes.length === 4 ? ipv4Text(bytes) : ipv6Text(bytes);
}

/** True for `::ffff:a.b.c.d`, and for the all-zero address, which stands for "any" of both families. */
export function isMappedIpv4(bytes: Uint8Array, at = 0): boolean {
  let zero = true;
  for (let i = 0; i < 10; i++) if (bytes[at + i] !== 0) return false;
  for (let i = 10; i < 16; i++) if (bytes[at + i] !== 0) zero = false;
  return zero || (bytes[at + 10] === 0xff && bytes[at + 11] === 0xff);
}
