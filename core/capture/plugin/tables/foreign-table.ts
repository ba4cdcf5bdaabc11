import { CFunction, FFIType, type Pointer, read } from "bun:ffi";
import { textAt } from "../library.ts";
import type { ValueType } from "./table.ts";

const { ptr, i32, u32, u64_fast: u64 } = FFIType;

/** ss_plugin_table_input: | name* | type of the key u32 | . | table* | 13 old functions | reading* | writing* | fields* | */
const INPUT = { name: 0, keyType: 8, table: 16, reading: 128, writing: 136, fields: 144 };

/** Functions of tables by their place in the three lists, as plugins and their owner have them. */
export const FIELD_FUNCTIONS = {
  list: { args: [ptr, ptr], returns: ptr },
  get: { args: [ptr, ptr, i32], returns: ptr },
  add: { args: [ptr, ptr, i32], returns: ptr },
} as const;
export const READ_FUNCTIONS = {
  name: { args: [ptr], returns: ptr },
  size: { args: [ptr], returns: u64 },
  entry: { args: [ptr, ptr], returns: ptr },
  read: { args: [ptr, ptr, ptr, ptr], returns: i32 },
  release: { args: [ptr, ptr], returns: FFIType.void },
  each: { args: [ptr, ptr, ptr], returns: u32 },
} as const;
export const WRITE_FUNCTIONS = {
  clear: { args: [ptr], returns: i32 },
  erase: { args: [ptr, ptr], returns: i32 },
  create: { args: [ptr], returns: ptr },
  destroy: { args: [ptr, ptr], returns: FFIType.void },
  insert: { args: [ptr, ptr, ptr], returns: ptr },
  write: { args: [ptr, ptr, ptr, ptr], returns: i32 },
} as const;

export type FunctionName =
  | `fields.${keyof typeof FIELD_FUNCTIONS}`
  | `reading.${keyof typeof READ_FUNCTIONS}`
  | `writing.${keyof typeof WRITE_FUNCTIONS}`;

type Call = (...args: number[]) => number | bigint | null | undefined;

/** A table that a plugin keeps: every request goes to the plugin's own functions, as it came. */
export class ForeignTable {
  readonly name: string;
  readonly keyType: ValueType;
  readonly #table: number;
  readonly #calls = new Map<FunctionName, Call>();

  /** `input`: what the plugin says of its table. */
  constructor(input: number) {
    const at = input as Pointer;
    this.name = textAt(read.ptr(at, INPUT.name));
    this.keyType = read.u32(at, INPUT.keyType) as ValueType;
    this.#table = read.ptr(at, INPUT.table);
    this.#take("fields", read.ptr(at, INPUT.fields), FIELD_FUNCTIONS);
    this.#take("reading", read.ptr(at, INPUT.reading), READ_FUNCTIONS);
    this.#take("writing", read.ptr(at, INPUT.writing), WRITE_FUNCTIONS);
  }

  #take(
    group: "fields" | "reading" | "writing",
    list: number,
    functions: Readonly<Record<string, { readonly args: readonly FFIType[]; readonly returns: FFIType }>>,
  ): void {
    if (list === 0) return;
    for (const [i, [name, signature]] of Object.entries(functions).entries()) {
      const address = read.ptr(list as Pointer, i * 8);
      if (address === 0) continue;
      const call: unknown = CFunction({ ...signature, args: [...signature.args], ptr: address as Pointer });
      this.#calls.set(`${group}.${name}` as FunctionName, call as Call);
    }
  }

  /** Passes a request on; without the function its answer is `missing`. */
  call(name: FunctionName, missing: number, args: readonly number[]): number {
    const call = this.#calls.get(name);
    return call ? Number(call(this.#table, ...args) ?? 0) : missing;
  }
}
