/** Builds small BTF blobs (the kernel's Documentation/bpf/btf.rst) for tests of what reads them. */
export class BtfBuilder {
  readonly #types: Buffer[] = [];
  #strings = "\0";

  #name(text: string): number {
    if (text === "") return 0;
    const at = this.#strings.length;
    this.#strings += `${text}\0`;
    return at;
  }

  #add(
    kind: number,
    name: string,
    count: number,
    sizeOrType: number,
    tail: readonly number[] = [],
    flag = 0,
  ): number {
    const bytes = Buffer.alloc(12 + 4 * tail.length);
    bytes.writeUInt32LE(this.#name(name), 0);
    bytes.writeUInt32LE(((flag << 31) | (kind << 24) | count) >>> 0, 4);
    bytes.writeUInt32LE(sizeOrType, 8);
    tail.forEach((word, i) => {
      bytes.writeUInt32LE(word >>> 0, 12 + 4 * i);
    });
    this.#types.push(bytes);
    return this.#types.length;
  }

  int(name: string, size: number): number {
    return this.#add(1, name, 0, size, [size * 8]);
  }

  pointer(to: number): number {
    return this.#add(2, "", 0, to);
  }

  array(of: number, length: number): number {
    return this.#add(3, "", 0, 0, [of, of, length]);
  }

  typedef(name: string, to: number): number {
    return this.#add(8, name, 0, to);
  }

  constant(to: number): number {
    return this.#add(10, "", 0, to);
  }

  func(name: string): number {
    return this.#add(12, name, 0, 0);
  }

  enumeration(name: string, values: Readonly<Record<string, number>>): number {
    const tail = Object.entries(values).flatMap(([key, value]) => [this.#name(key), value]);
    return this.#add(6, name, tail.length / 2, 4, tail);
  }

  /** Members as [name, type, offset in bytes]; with widths in bits, offsets too are in bits. */
  struct(
    name: string,
    size: number,
    members: readonly (readonly [name: string, type: number, offset: number, width?: number])[],
    kind: "struct" | "union" = "struct",
  ): number {
    const packed = members.some(([, , , width]) => width !== undefined);
    const tail = members.flatMap(([member, type, offset, width = 0]) => [
      this.#name(member),
      type,
      packed ? (width << 24) | offset : offset * 8,
    ]);
    return this.#add(kind === "struct" ? 4 : 5, name, members.length, size, tail, packed ? 1 : 0);
  }

  bytes(): Buffer {
    const types = Buffer.concat(this.#types);
    const strings = Buffer.from(this.#strings, "latin1");
    const head = Buffer.alloc(24);
    head.writeUInt16LE(0xeb9f, 0);
    head[2] = 1;
    head.writeUInt32LE(24, 4);
    head.writeUInt32LE(0, 8);
    head.writeUInt32LE(types.length, 12);
    head.writeUInt32LE(types.length, 16);
    head.writeUInt32LE(strings.length, 20);
    return Buffer.concat([head, types, strings]);
  }
}
