/** A file, a symbolic link, or a directory (neither content nor link) of an archive. */
export interface TarEntry {
  readonly path: string;
  readonly mode: number;
  readonly content?: Uint8Array;
  readonly link?: string;
}

const BLOCK = 512;

/**
 * A POSIX ustar archive, owned by root. The same entries and time give the same bytes, so that an image's
 * digests change only when its content does.
 */
export function tar(entries: readonly TarEntry[], modified: Date): Buffer {
  const blocks: Uint8Array[] = [];
  for (const entry of entries) {
    blocks.push(header(entry, modified));
    if (!entry.content) continue;
    blocks.push(entry.content, Buffer.alloc((BLOCK - (entry.content.length % BLOCK)) % BLOCK));
  }
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]);
}

/*
 *   0      100    108   116   124    136     148        156    157    257      265
 *   | path | mode | uid | gid | size | mtime | checksum | type | link | ustar… | … |   numbers in octal text
 */
function header(entry: TarEntry, modified: Date): Buffer {
  if (Buffer.byteLength(entry.path) > 100)
    throw new RangeError(`tar: path is longer than 100 bytes: ${entry.path}`);
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, width: number): void =>
    void block.write(value.toString(8).padStart(width - 1, "0"), at, "latin1");
  block.write(entry.path, 0, "utf8");
  octal(entry.mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(entry.content?.length ?? 0, 124, 12);
  octal(Math.floor(modified.getTime() / 1000), 136, 12);
  block.write(entry.content ? "0" : entry.link ? "2" : "5", 156, "latin1");
  block.write(entry.link ?? "", 157, 100, "utf8");
  block.write("ustar\x0000", 257, "latin1");
  // The checksum counts its own field as blanks.
  block.fill(" ", 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}
