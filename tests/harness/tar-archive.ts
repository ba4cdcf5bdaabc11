import { gzipSync } from "node:zlib";

/** One member of an archive, laid down byte for byte, so that an archive can be made that no tool would make. */
export interface TarMember {
  readonly name: string;
  readonly content?: string | Uint8Array;
  /** ustar's type flag: "0" file, "1" hard link, "2" symbolic link, "3" device, "5" directory, "6" fifo, "x" pax. */
  readonly type?: string;
  readonly linkname?: string;
  readonly mode?: number;
  /** The size that the header claims, when it is not the content's. */
  readonly claimedSize?: number;
}

/** A tar (POSIX.1-1988 ustar) of members: 512-byte headers, content padded to 512, two empty blocks at the end. */
export function tar(members: readonly TarMember[]): Buffer {
  const blocks: Buffer[] = [];
  for (const { claimedSize, content = "", linkname = "", mode = 0o644, name, type = "0" } of members) {
    const body = Buffer.from(content as string);
    const header = Buffer.alloc(512);
    const octal = (value: number, at: number, width: number): void =>
      void header.write(value.toString(8).padStart(width - 1, "0") + "\0", at, "latin1");
    header.write(name, 0, 100, "utf8");
    octal(mode, 100, 8);
    octal(0, 108, 8);
    octal(0, 116, 8);
    octal(claimedSize ?? body.length, 124, 12);
    octal(0, 136, 12);
    header.write("        ", 148, "latin1");
    header.write(type, 156, "latin1");
    header.write(linkname, 157, 100, "utf8");
    header.write("ustar\x0000", 257, "latin1");
    header.write(
      header
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, "0") + "\0 ",
      148,
      "latin1",
    );
    blocks.push(header, body, Buffer.alloc((512 - (body.length % 512)) % 512));
  }
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

export const tarGz = (members: readonly TarMember[]): Buffer => gzipSync(tar(members));
