const BTF_MAGIC = 0xeb9f;
const VERSION = 1;
const HEADER = 24;
const INT = 1;
const ARRAY = 3;

/**
 * Type information for a map of u32 keys and values that are arrays of bytes (format: the kernel's Documentation/bpf/btf.rst), and the
 * ids of these two types.
 */
export function mapTypes(valueSize: number): {
  readonly bytes: Buffer;
  readonly key: number;
  readonly value: number;
} {
  const strings = Buffer.from("\0u32\0u8\0", "latin1");
  const u32 = 1;
  const u8 = 2;
  // A type: | name u32 | kind << 24 | size or 0 |, then an int's | bits |, an array's | element | index | number |.
  const types = Uint32Array.of(
    ...[1, INT << 24, 4, 32],
    ...[5, INT << 24, 1, 8],
    ...[0, ARRAY << 24, 0, u8, u32, valueSize],
  );
  const body = Buffer.from(types.buffer);
  const header = Buffer.alloc(HEADER);
  header.writeUInt16LE(BTF_MAGIC, 0);
  header[2] = VERSION;
  header.writeUInt32LE(HEADER, 4);
  header.writeUInt32LE(0, 8);
  header.writeUInt32LE(body.length, 12);
  header.writeUInt32LE(body.length, 16);
  header.writeUInt32LE(strings.length, 20);
  return { bytes: Buffer.concat([header, body, strings]), key: u32, value: 3 };
}
