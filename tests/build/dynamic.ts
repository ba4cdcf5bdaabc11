import { FalcoError } from "../../core/errors.ts";
import { type Elf, offsetOf, PT } from "./elf.ts";

/** Tags of the dynamic section (elf(5), gABI). */
const DT = { end: 0, needed: 1, strtab: 5, verneed: 0x6ffffffe, verneednum: 0x6fffffff } as const;
/** Libraries that glibc 2.34 merged into libc.so.6: asking for them is asking for libc. */
const MERGED = /^lib(pthread|dl|rt)\.so\./;

interface Needed {
  /** File offset of the entry's value, an offset into the string table. */
  readonly at: number;
  readonly name: string;
  readonly value: number;
}

/**
 * Makes the program load its libraries from `paths` (addresses of the path strings, which the start stub
 * completes): two entries for libraries that no longer exist on their own give up their place, and the
 * version requirements that named them name libc instead. Changes `elf.bytes` in place.
 */
export function redirectLibraries(elf: Elf, paths: readonly number[], keep: readonly string[]): void {
  const { needed, strtab, verneed, verneedCount } = readDynamic(elf);
  const kept = keep.map((name) => needed.find((entry) => entry.name === name)?.value);
  if (kept.includes(undefined) || needed.length !== paths.length + keep.length) {
    const names = needed.map((entry) => entry.name).join(", ");
    throw new FalcoError("BUILD_ELF", `Cannot place the libraries inside: the program needs ${names}`, {
      hint: `expected ${keep.join(", ")} and ${paths.length} of libpthread, libdl, librt`,
    });
  }
  // The given paths come first: by the time the loader meets the plain names, their libraries are there.
  const values = [...paths.map((address) => address - strtab), ...(kept as number[])];
  for (const [i, entry] of needed.entries()) elf.bytes.writeBigUInt64LE(BigInt(values[i]!), entry.at);
  const libc = needed.find((entry) => entry.name === "libc.so.6")!.value;
  let at = offsetOf(elf, verneed);
  for (let i = 0; i < verneedCount; i++) {
    if (MERGED.test(stringAt(elf, strtab, elf.bytes.readUInt32LE(at + 4))))
      elf.bytes.writeUInt32LE(libc, at + 4);
    at += elf.bytes.readUInt32LE(at + 12);
  }
}

function readDynamic(elf: Elf) {
  const section = elf.segments.find((s) => s.type === PT.dynamic);
  if (!section) throw new FalcoError("BUILD_ELF", "Cannot place the libraries inside: the program is static");
  const entries: { tag: number; value: number; at: number }[] = [];
  for (let at = section.offset; at + 16 <= section.offset + section.fileSize; at += 16) {
    const tag = Number(elf.bytes.readBigInt64LE(at));
    if (tag === DT.end) break;
    entries.push({ tag, value: Number(elf.bytes.readBigUInt64LE(at + 8)), at: at + 8 });
  }
  const one = (tag: number): number => entries.find((entry) => entry.tag === tag)?.value ?? 0;
  const strtab = one(DT.strtab);
  const needed: Needed[] = entries
    .filter((entry) => entry.tag === DT.needed)
    .map(({ value, at }) => ({ at, value, name: stringAt(elf, strtab, value) }));
  return { needed, strtab, verneed: one(DT.verneed), verneedCount: one(DT.verneednum) };
}

function stringAt(elf: Elf, strtab: number, offset: number): string {
  const start = offsetOf(elf, strtab) + offset;
  return elf.bytes.toString("latin1", start, elf.bytes.indexOf(0, start));
}
