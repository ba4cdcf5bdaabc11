/** Seconds and nanoseconds as the forward protocol's EventTime (extension type 0). */
export class EventTime {
  readonly seconds: number;
  readonly nanoseconds: number;
  /** Takes nanoseconds since the epoch. */
  constructor(time: bigint) {
    this.seconds = Number(time / 1_000_000_000n);
    this.nanoseconds = Number(time % 1_000_000_000n);
  }
}

export type Packable =
  | null
  | boolean
  | number
  | bigint
  | string
  | EventTime
  | readonly Packable[]
  | { readonly [name: string]: Packable };

/** Encodes a value as MessagePack (msgpack.org spec.md). */
export function pack(value: Packable): Buffer {
  const parts: Buffer[] = [];
  packInto(parts, value);
  return Buffer.concat(parts);
}

function packInto(parts: Buffer[], value: Packable): void {
  if (value === null) parts.push(Buffer.of(0xc0));
  else if (typeof value === "boolean") parts.push(Buffer.of(value ? 0xc3 : 0xc2));
  else if (typeof value === "string") {
    const bytes = Buffer.from(value);
    parts.push(head(bytes.length, { small: 0xa0, limit: 32, one: 0xd9, two: 0xda, four: 0xdb }), bytes);
  } else if (typeof value === "bigint") parts.push(packInteger(value));
  else if (typeof value === "number") {
    parts.push(Number.isSafeInteger(value) ? packInteger(BigInt(value)) : packDouble(value));
  } else if (value instanceof EventTime) {
    const bytes = Buffer.alloc(10);
    bytes.writeUInt16BE(0xd700, 0);
    bytes.writeUInt32BE(value.seconds >>> 0, 2);
    bytes.writeUInt32BE(value.nanoseconds, 6);
    parts.push(bytes);
  } else if (isList(value)) {
    parts.push(head(value.length, { small: 0x90, limit: 16, two: 0xdc, four: 0xdd }));
    for (const item of value) packInto(parts, item);
  } else {
    const entries = Object.entries(value);
    parts.push(head(entries.length, { small: 0x80, limit: 16, two: 0xde, four: 0xdf }));
    for (const [name, item] of entries) {
      packInto(parts, name);
      packInto(parts, item);
    }
  }
}

const isList = (value: object): value is readonly Packable[] => Array.isArray(value);

interface Heads {
  readonly small: number;
  /** Lengths below it go into the first byte. */
  readonly limit: number;
  readonly one?: number;
  readonly two: number;
  readonly four: number;
}

function head(length: number, heads: Heads): Buffer {
  if (length < heads.limit) return Buffer.of(heads.small | length);
  if (heads.one !== undefined && length < 256) return Buffer.of(heads.one, length);
  if (length < 65536) return Buffer.of(heads.two, length >> 8, length & 255);
  const bytes = Buffer.alloc(5, heads.four);
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

function packInteger(value: bigint): Buffer {
  if (value >= -32n && value < 128n) return Buffer.of(Number(value) & 255);
  const bytes = Buffer.alloc(9);
  if (value >= 0n) {
    bytes[0] = 0xcf;
    bytes.writeBigUInt64BE(BigInt.asUintN(64, value), 1);
  } else {
    bytes[0] = 0xd3;
    bytes.writeBigInt64BE(BigInt.asIntN(64, value), 1);
  }
  return bytes;
}

function packDouble(value: number): Buffer {
  const bytes = Buffer.alloc(9, 0xcb);
  bytes.writeDoubleBE(value, 1);
  return bytes;
}

export type Unpacked =
  | null
  | boolean
  | number
  | string
  | Buffer
  | EventTime
  | Unpacked[]
  | { [name: string]: Unpacked };

/** Deepest nesting that is read; answers of a forward server have two levels. */
const MAX_DEPTH = 16;

/**
 * Decodes one value at the start of the bytes: the value and its length, or undefined if the bytes end too early.
 * Throws where the bytes are no MessagePack, or use extension types other than EventTime.
 */
export function unpack(bytes: Buffer): { readonly value: Unpacked; readonly length: number } | undefined {
  const reader = new Reader(bytes);
  try {
    const value = reader.value(0);
    return { value, length: reader.at };
  } catch (error) {
    if (error === TRUNCATED) return undefined;
    throw error;
  }
}

const TRUNCATED = new Error("truncated");

class Reader {
  at = 0;
  readonly #bytes: Buffer;
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  #take(length: number): Buffer {
    if (this.at + length > this.#bytes.length) throw TRUNCATED;
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }
  #unsigned(width: 1 | 2 | 4): number {
    return this.#take(width).readUIntBE(0, width);
  }

  value(depth: number): Unpacked {
    if (depth > MAX_DEPTH) throw new Error("MessagePack nested too deep");
    const type = this.#unsigned(1);
    if (type < 0x80) return type;
    if (type >= 0xe0) return type - 256;
    if (type < 0x90) return this.#map(type & 15, depth);
    if (type < 0xa0) return this.#list(type & 15, depth);
    if (type < 0xc0) return this.#take(type & 31).toString();
    switch (type) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return Buffer.from(this.#take(this.#unsigned(WIDTHS[type - 0xc4]!)));
      case 0xca:
        return this.#take(4).readFloatBE(0);
      case 0xcb:
        return this.#take(8).readDoubleBE(0);
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#unsigned(WIDTHS[type - 0xcc]!);
      case 0xcf:
        return Number(this.#take(8).readBigUInt64BE(0));
      case 0xd0:
      case 0xd1:
      case 0xd2:
        return this.#take(WIDTHS[type - 0xd0]!).readIntBE(0, WIDTHS[type - 0xd0]!);
      case 0xd3:
        return Number(this.#take(8).readBigInt64BE(0));
      case 0xd7:
        return this.#eventTime();
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#take(this.#unsigned(WIDTHS[type - 0xd9]!)).toString();
      case 0xdc:
      case 0xdd:
        return this.#list(this.#unsigned(type === 0xdc ? 2 : 4), depth);
      case 0xde:
      case 0xdf:
        return this.#map(this.#unsigned(type === 0xde ? 2 : 4), depth);
      default:
        throw new Error(`unexpected MessagePack type 0x${type.toString(16)}`);
    }
  }

  #eventTime(): EventTime {
    const type = this.#unsigned(1);
    if (type !== 0) throw new Error(`unexpected MessagePack extension ${type}`);
    const seconds = BigInt(this.#unsigned(4));
    return new EventTime(seconds * 1_000_000_000n + BigInt(this.#unsigned(4)));
  }
  #list(length: number, depth: number): Unpacked[] {
    const out: Unpacked[] = [];
    for (let i = 0; i < length; i++) out.push(this.value(depth + 1));
    return out;
  }
  #map(length: number, depth: number): { [name: string]: Unpacked } {
    const out: { [name: string]: Unpacked } = {};
    for (let i = 0; i < length; i++) {
      const name = String(this.value(depth + 1));
      Object.defineProperty(out, name, { value: this.value(depth + 1), enumerable: true });
    }
    return out;
  }
}

const WIDTHS = [1, 2, 4] as const;
