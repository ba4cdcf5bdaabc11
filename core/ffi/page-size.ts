import { readFileSync } from "node:fs";

/** getauxval(3)'s AT_PAGESZ. */
const AT_PAGESZ = 6;

/** The kernel's page size in bytes, as it told this process at start. */
export function pageSize(): number {
  const words = readFileSync("/proc/self/auxv");
  for (let at = 0; at + 16 <= words.length; at += 16) {
    if (words.readBigUInt64LE(at) === BigInt(AT_PAGESZ)) return Number(words.readBigUInt64LE(at + 8));
  }
  // Every kernel for these architectures gives it; this is what x86-64 has and the least that ARM64 has.
  return 4096;
}
