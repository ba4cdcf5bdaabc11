import { FalcoError } from "../../errors.ts";

/** Where a member lies: what a chain of loads has to do to reach it. */
export interface MemberPath {
  /** Offsets of the pointers to follow, in order; each is loaded and becomes the next base. */
  readonly hops: readonly { readonly offset: number; readonly type: number }[];
  /** Offset of the member itself from the last base. */
  readonly offset: number;
  /** Bytes of the member. For bit fields: of the unit that holds it. */
  readonly size: number;
  /** Type id of the first base, for typed access. */
  readonly type: number;
  /** For bit fields: position within the unit, and width. */
  readonly bits?: { readonly shift: number; readonly width: number };
}

const MAGIC = 0xeb9f;
/** Deeper nesting than this is damage. */
const MAX_DEPTH = 64;
const KIND = {
  INT: 1,
  PTR: 2,
  ARRAY: 3,
  STRUCT: 4,
  UNION: 5,
  ENUM: 6,
  TYPEDEF: 8,
  VOLATILE: 9,
  CONST: 10,
  RESTRICT: 11,
  FUNC: 12,
  FUNC_PROTO: 13,
  VAR: 14,
  DATASEC: 15,
  DECL_TAG: 17,
  TYPE_TAG: 18,
  ENUM64: 19,
} as const;

/** Bytes that follow a type's 12-byte head: a fixed part and one for each element, by kind. */
const TAIL_FIXED = new Uint8Array(32);
const TAIL_EACH = new Uint8Array(32);
TAIL_FIXED[KIND.INT] = TAIL_FIXED[KIND.VAR] = TAIL_FIXED[KIND.DECL_TAG] = 4;
TAIL_FIXED[KIND.ARRAY] = 12;
TAIL_EACH[KIND.STRUCT] = TAIL_EACH[KIND.UNION] = TAIL_EACH[KIND.DATASEC] = TAIL_EACH[KIND.ENUM64] = 12;
TAIL_EACH[KIND.ENUM] = TAIL_EACH[KIND.FUNC_PROTO] = 8;

const MODIFIERS: ReadonlySet<number> = new Set([
  KIND.TYPEDEF,
  KIND.VOLATILE,
  KIND.CONST,
  KIND.RESTRICT,
  KIND.TYPE_TAG,
]);

interface Member {
  readonly type: number;
  readonly bitOffset: number;
  /** 0 when not a bit field. */
  readonly bitWidth: number;
}

/**
 * The running kernel's type information (format: the kernel's Documentation/bpf/btf.rst). Types are located in
 * one pass; members are read when asked for.
 */
export class Btf {
  readonly #view: DataView;
  readonly #bytes: Buffer;
  readonly #strings: number;
  /** Byte position of each type by id; id 0 is void. */
  #at: Uint32Array;
  readonly #named = new Map<string, number>();
  /** Paths resolved so far; programs ask for the same ones over and over. */
  readonly #paths = new Map<string, MemberPath | undefined>();

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length < 24 || this.#view.getUint16(0, true) !== MAGIC) throw malformed("no BTF header");
    const head = this.#view.getUint32(4, true);
    const types = head + this.#view.getUint32(8, true);
    const typesEnd = types + this.#view.getUint32(12, true);
    this.#strings = head + this.#view.getUint32(16, true);
    if (typesEnd > bytes.length || this.#strings + this.#view.getUint32(20, true) > bytes.length)
      throw malformed("sections exceed the data");
    this.#at = new Uint32Array(Math.ceil((typesEnd - types) / 12) + 1);
    this.#locate(types, typesEnd);
  }

  #locate(start: number, end: number): void {
    const view = this.#view;
    let id = 1;
    for (let at = start; at + 12 <= end; id++) {
      this.#at[id] = at;
      const info = view.getUint32(at + 4, true);
      const kind = (info >>> 24) & 0x1f;
      const name = view.getUint32(at, true);
      // Forward declarations and typedefs share names with what they stand for: only definitions are indexed.
      if (
        name !== 0 &&
        (kind === KIND.STRUCT || kind === KIND.UNION || kind === KIND.ENUM || kind === KIND.FUNC)
      )
        this.#index(kind, name, id);
      at += 12 + TAIL_FIXED[kind]! + TAIL_EACH[kind]! * (info & 0xffff);
      if (at > end) throw malformed(`type ${id} exceeds the data`);
    }
    this.#at = this.#at.subarray(0, id);
  }

  #index(kind: number, name: number, id: number): void {
    // Functions are many (60,000) and only those that programs may call by name matter.
    const first = this.#bytes[this.#strings + name];
    if (kind === KIND.FUNC && !(first === 0x62 && this.#bytes[this.#strings + name + 3] === 0x5f)) return;
    const key = this.#string(name);
    if (!this.#named.has(key)) this.#named.set(key, id);
  }

  #string(offset: number): string {
    const start = this.#strings + offset;
    const end = this.#bytes.indexOf(0, start);
    if (start >= this.#bytes.length || end < 0) throw malformed("a name exceeds the data");
    return this.#bytes.latin1Slice(start, end);
  }

  #head(id: number): { kind: number; info: number; at: number; sizeOrType: number } {
    const at = this.#at[id];
    if (at === undefined || id === 0) throw malformed(`no type ${id}`);
    const info = this.#view.getUint32(at + 4, true);
    return { kind: (info >>> 24) & 0x1f, info, at, sizeOrType: this.#view.getUint32(at + 8, true) };
  }

  /** Type id of a structure, union, enumeration or kernel function (`bpf_…`); undefined when this kernel has none. */
  find(name: string): number | undefined {
    return this.#named.get(name);
  }

  /** Type id of any kernel function, for programs that are attached to it; undefined when this kernel has none. Looks through all types. */
  findFunction(name: string): number | undefined {
    const first = name.charCodeAt(0);
    const index = this.#at.findIndex((at, id) => {
      if (id === 0 || ((this.#view.getUint32(at + 4, true) >>> 24) & 0x1f) !== KIND.FUNC) return false;
      const text = this.#view.getUint32(at, true);
      return this.#bytes[this.#strings + text] === first && this.#string(text) === name;
    });
    return index < 0 ? undefined : index;
  }

  /** As `find`, but its absence is an error. */
  need(name: string): number {
    const id = this.find(name);
    if (id === undefined)
      throw new FalcoError(
        "EBPF_UNSUPPORTED",
        `Cannot build the eBPF probe: this kernel has no type "${name}"`,
        { hint: UNSUPPORTED_HINT },
      );
    return id;
  }

  /** Bytes of a named structure. */
  sizeOf(name: string): number {
    return this.#head(this.need(name)).sizeOrType;
  }

  /** Value of an enumerator, or undefined. */
  enumerator(enumeration: string, name: string): number | undefined {
    const id = this.find(enumeration);
    if (id === undefined) return undefined;
    const { info, at } = this.#head(id);
    for (let i = 0; i < (info & 0xffff); i++) {
      const entry = at + 12 + i * 8;
      if (this.#string(this.#view.getUint32(entry, true)) === name)
        return this.#view.getInt32(entry + 4, true);
    }
    return undefined;
  }

  /** Whether `path` exists from structure `base`. */
  has(base: string, path: string): boolean {
    return this.#resolve(base, path) !== undefined;
  }

  /**
   * Resolves `mm.exe_file.f_inode.i_ino` from `task_struct`: pointers on the way are followed, embedded structures
   * and unnamed unions entered, `rlim[7]` indexes arrays. Of several paths the first that exists counts, since
   * kernels rename members. Throws EBPF_UNSUPPORTED when there is none.
   */
  path(base: string, ...paths: readonly string[]): MemberPath {
    for (const path of paths) {
      const found = this.#resolve(base, path);
      if (found) return found;
    }
    throw new FalcoError(
      "EBPF_UNSUPPORTED",
      `Cannot build the eBPF probe: this kernel's "${base}" has no "${paths.join('" or "')}"`,
      { hint: UNSUPPORTED_HINT },
    );
  }

  #resolve(base: string, path: string): MemberPath | undefined {
    const key = `${base}.${path}`;
    if (!this.#paths.has(key)) this.#paths.set(key, this.#walk(base, path));
    return this.#paths.get(key);
  }

  #walk(base: string, path: string): MemberPath | undefined {
    const type = this.find(base);
    if (type === undefined) return undefined;
    const hops: { offset: number; type: number }[] = [];
    let from = type;
    let current = type;
    let offset = 0;
    let bits: { shift: number; width: number } | undefined;
    for (const step of path.split(".")) {
      const [, name, index] = /^(\w+)(?:\[(\d+)\])?$/.exec(step) ?? [];
      if (name === undefined) throw new Error(`BTF: bad member path "${path}"`);
      const target = this.#pointee(current);
      if (target !== undefined) {
        hops.push({ offset, type: from });
        current = from = target;
        offset = 0;
      }
      const member = this.#member(current, name);
      if (!member) return undefined;
      current = this.#strip(member.type);
      if (member.bitWidth > 0) bits = { shift: member.bitOffset & 7, width: member.bitWidth };
      offset += member.bitOffset >> 3;
      if (index !== undefined) {
        const element = this.#element(current);
        if (element === undefined) return undefined;
        current = element;
        offset += this.#size(current) * Number(index);
      }
    }
    const size = bits ? 1 : this.#size(current);
    return bits ? { hops, offset, size, type: from, bits } : { hops, offset, size, type: from };
  }

  #strip(id: number): number {
    for (let depth = 0; depth < MAX_DEPTH && id !== 0; depth++) {
      const { kind, sizeOrType } = this.#head(id);
      if (!MODIFIERS.has(kind)) return id;
      id = sizeOrType;
    }
    return id;
  }

  #pointee(id: number): number | undefined {
    const { kind, sizeOrType } = this.#head(id);
    return kind === KIND.PTR ? this.#strip(sizeOrType) : undefined;
  }

  #element(id: number): number | undefined {
    const { kind, at } = this.#head(id);
    return kind === KIND.ARRAY ? this.#strip(this.#view.getUint32(at + 12, true)) : undefined;
  }

  #size(id: number, depth = 0): number {
    const { kind, at, sizeOrType } = this.#head(id);
    if (kind === KIND.PTR) return 8;
    if (kind !== KIND.ARRAY) return sizeOrType;
    if (depth > MAX_DEPTH) throw malformed(`type ${id} contains itself`);
    const element = this.#strip(this.#view.getUint32(at + 12, true));
    return this.#size(element, depth + 1) * this.#view.getUint32(at + 20, true);
  }

  /** The member of that name, also inside unnamed members. */
  #member(id: number, name: string, depth = 0): Member | undefined {
    const { kind, info, at } = this.#head(id);
    if (kind !== KIND.STRUCT && kind !== KIND.UNION) return undefined;
    if (depth > MAX_DEPTH) throw malformed(`type ${id} contains itself`);
    const packed = info >>> 31 === 1;
    for (let i = 0; i < (info & 0xffff); i++) {
      const entry = at + 12 + i * 12;
      const nameOffset = this.#view.getUint32(entry, true);
      const type = this.#view.getUint32(entry + 4, true);
      const place = this.#view.getUint32(entry + 8, true);
      const bitOffset = packed ? place & 0xff_ffff : place;
      const bitWidth = packed ? place >>> 24 : 0;
      if (nameOffset === 0) {
        const inner = this.#member(this.#strip(type), name, depth + 1);
        if (inner) return { ...inner, bitOffset: inner.bitOffset + bitOffset };
      } else if (this.#string(nameOffset) === name) return { type, bitOffset, bitWidth };
    }
    return undefined;
  }
}

const UNSUPPORTED_HINT =
  'watch a command with "falco trace -- COMMAND", or report the kernel version so that the probe can learn it';

function malformed(reason: string): FalcoError {
  return new FalcoError("EBPF_UNSUPPORTED", `Cannot read the kernel's type information: ${reason}`, {
    hint: 'watch a command with "falco trace -- COMMAND", or replay a capture',
  });
}
