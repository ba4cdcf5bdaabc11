import { crc32, deflateRawSync } from "node:zlib";

export interface ZipEntry {
  readonly path: string;
  /** Permission bits, kept for systems that have them. */
  readonly mode: number;
  readonly content: Uint8Array;
}

const UNIX = 3;
const VERSION = 20;
const DEFLATE = 8;
const REGULAR = 0o100000;
/** 1980-01-01, the first day that the format knows: the same entries give the same bytes. */
const FIRST_DAY = (1 << 5) | 1;

/**
 * A zip archive (PKWARE APPNOTE, without zip64): for each entry a header and its deflated bytes, then a
 * directory of all of them, then where that stands.
 */
export function zip(entries: readonly ZipEntry[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { content, mode, path } of entries) {
    const name = Buffer.from(path);
    const data = deflateRawSync(content, { level: 9 });
    /*  Shared by both headers:
     *  version | flags | method | time | date | crc | packed | size | name length | extra length  */
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(VERSION, 0);
    shared.writeUInt16LE(DEFLATE, 4);
    shared.writeUInt16LE(FIRST_DAY, 8);
    shared.writeUInt32LE(crc32(content), 10);
    shared.writeUInt32LE(data.length, 14);
    shared.writeUInt32LE(content.length, 18);
    shared.writeUInt16LE(name.length, 22);
    parts.push(Buffer.from("PK\x03\x04"), shared, name, data);
    // … then comment length, disk, internal and external attributes, and where the entry starts.
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(((REGULAR | mode) << 16) >>> 0, 6);
    rest.writeUInt32LE(offset, 10);
    directory.push(Buffer.from("PK\x01\x02"), Buffer.of(VERSION, UNIX), shared, rest, name);
    offset += 4 + shared.length + name.length + data.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(listed.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, listed, Buffer.from("PK\x05\x06"), end]);
}
