import { FalcoError } from "../../core/errors.ts";

/** Segment types (elf(5)). */
export const PT = { load: 1, dynamic: 2, interp: 3, note: 4, phdr: 6, tls: 7, gnuStack: 0x6474e551 } as const;
/** Segment permissions. */
export const PF = { x: 1, w: 2, r: 4 } as const;
const MACHINES: Readonly<Record<number, "x64" | "arm64">> = { 62: "x64", 183: "arm64" };
export const SEGMENT_SIZE = 56;

export interface Segment {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  readonly fileSize: number;
  readonly memorySize: number;
  readonly align: number;
}

/** A 64-bit little-endian ELF image and what its headers say. */
export interface Elf {
  readonly bytes: Buffer;
  readonly arch: "x64" | "arm64";
  /** 2: linked to fixed addresses, 3: position independent. */
  readonly type: number;
  readonly entry: number;
  readonly segmentsAt: number;
  readonly segments: readonly Segment[];
}

/** Reads the headers of an ELF image; `name` is for the error message. Every offset is checked to lie inside. */
export function readElf(bytes: Buffer, name: string): Elf {
  const wrong = (why: string): FalcoError => new FalcoError("BUILD_ELF", `Cannot read ${name}: ${why}`);
  if (bytes.length < 64 || bytes.readUInt32BE(0) !== 0x7f454c46) throw wrong("not an ELF file");
  const arch = MACHINES[bytes.readUInt16LE(18)];
  if (bytes[4] !== 2 || bytes[5] !== 1 || !arch) throw wrong("not a 64-bit x86 or ARM program");
  const segmentsAt = Number(bytes.readBigUInt64LE(32));
  const count = bytes.readUInt16LE(56);
  if (segmentsAt + count * SEGMENT_SIZE > bytes.length)
    throw wrong("its segment table lies outside the file");
  const segments = Array.from({ length: count }, (_, i) => readSegment(bytes, segmentsAt + i * SEGMENT_SIZE));
  if (segments.some((s) => s.offset + s.fileSize > bytes.length))
    throw wrong("a segment lies outside the file");
  return {
    bytes,
    arch,
    type: bytes.readUInt16LE(16),
    entry: Number(bytes.readBigUInt64LE(24)),
    segmentsAt,
    segments,
  };
}

/*
 *   0      4       8        16        24         32       40        48
 *   | type | flags | offset | address | physical | in file | in memory | align |
 */
function readSegment(bytes: Buffer, at: number): Segment {
  const u64 = (offset: number): number => Number(bytes.readBigUInt64LE(at + offset));
  return {
    type: bytes.readUInt32LE(at),
    flags: bytes.readUInt32LE(at + 4),
    offset: u64(8),
    address: u64(16),
    fileSize: u64(32),
    memorySize: u64(40),
    align: u64(48),
  };
}

/** The segment table's bytes. */
export function encodeSegments(segments: readonly Segment[]): Buffer {
  const bytes = Buffer.alloc(segments.length * SEGMENT_SIZE);
  for (const [i, s] of segments.entries()) {
    const at = i * SEGMENT_SIZE;
    bytes.writeUInt32LE(s.type, at);
    bytes.writeUInt32LE(s.flags, at + 4);
    for (const [k, value] of [s.offset, s.address, s.address, s.fileSize, s.memorySize, s.align].entries()) {
      bytes.writeBigUInt64LE(BigInt(value), at + 8 + k * 8);
    }
  }
  return bytes;
}

/** Addresses of a section, end excluded; undefined where there is none, or no section table inside the file. */
export function sectionOf({ bytes }: Elf, name: string): { start: number; end: number } | undefined {
  const at = Number(bytes.readBigUInt64LE(40));
  const count = bytes.readUInt16LE(60);
  const size = 64;
  if (at === 0 || at + count * size > bytes.length) return undefined;
  const header = (i: number) => bytes.subarray(at + i * size, at + (i + 1) * size);
  const u64 = (from: Buffer, offset: number): number => Number(from.readBigUInt64LE(offset));
  const names = bytes.readUInt16LE(62) < count ? u64(header(bytes.readUInt16LE(62)), 24) : bytes.length;
  for (let i = 0; i < count; i++) {
    const nameAt = names + header(i).readUInt32LE(0);
    if (bytes.toString("latin1", nameAt, nameAt + name.length + 1) !== `${name}\0`) continue;
    const start = u64(header(i), 16);
    return { start, end: start + u64(header(i), 32) };
  }
  return undefined;
}

/** Where in the file the byte at a virtual address lies. */
export function offsetOf(elf: Elf, address: number): number {
  const home = elf.segments.find(
    (s) => s.type === PT.load && address >= s.address && address < s.address + s.fileSize,
  );
  if (!home)
    throw new FalcoError("BUILD_ELF", `Cannot find address 0x${address.toString(16)} in the program`);
  return home.offset + address - home.address;
}

/** The first address behind everything the program maps, its zeroed data included. */
export function endAddress(elf: Elf): number {
  return Math.max(...elf.segments.filter((s) => s.type === PT.load).map((s) => s.address + s.memorySize));
}

export const roundUp = (value: number, step: number): number => Math.ceil(value / step) * step;
