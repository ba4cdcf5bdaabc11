import { CFunction, FFIType, JSCallback, type Pointer } from "bun:ffi";
import type { State } from "../../../state/state.ts";
import { textAt } from "../library.ts";
import { NativeBlock, nativeText } from "../native-block.ts";
import {
  FIELD_FUNCTIONS,
  ForeignTable,
  type FunctionName,
  READ_FUNCTIONS,
  WRITE_FUNCTIONS,
} from "./foreign-table.ts";
import { Handles } from "./handles.ts";
import { type Shape, type Table, type TableField, TYPE, type ValueType } from "./table.ts";
import { threadTable } from "./thread-table.ts";
import { ValueWriter, valueAt } from "./values.ts";

const { ptr, i32, u32 } = FFIType;
const OK = 0;
const FAILED = 1;

/** ss_plugin_table_fieldinfo: | name* | type u32 | read only u32 | */
const INFO = { size: 16, name: 0, type: 8, readOnly: 12 };
const POINTER = 8;

type Signature = { readonly args: readonly FFIType[]; readonly returns: FFIType };
type Answer = (table: number, ...args: number[]) => number;

/**
 * The tables that plugins of one engine see, and the C functions to work on them: the engine's threads, and tables of
 * plugins. All run in the engine's thread, inside calls of plugins. Handles that plugins get for tables and fields last;
 * those for entries until they are given back, or the call ends.
 */
export class TableFunctions {
  /** Addresses of the lists of functions. */
  readonly fields: number;
  readonly reading: number;
  readonly writing: number;
  /** ss_plugin_init_tables_input */
  readonly init: number;
  /** Who is told why a request failed: the plugins' owners. */
  readonly #listeners = new Set<(reason: string) => void>();
  readonly #blocks: NativeBlock[] = [];
  readonly #callbacks: JSCallback[] = [];
  readonly #tables = new Map<string, Table | ForeignTable>();
  readonly #handles = new Handles();
  readonly #writer = new ValueWriter();
  readonly #visitors = new Map<number, (state: number, entry: number) => number>();

  constructor(state: State) {
    this.#register(threadTable(state));
    const lists = this.#answers();
    this.fields = this.#list(FIELD_FUNCTIONS, "fields", lists);
    this.reading = this.#list(READ_FUNCTIONS, "reading", lists);
    this.writing = this.#list(WRITE_FUNCTIONS, "writing", lists);
    this.init = this.#initInput();
  }

  /** To be called when a call of a plugin has ended: handles of entries and texts that it was given are void. */
  settle(): void {
    this.#handles.forgetEntries();
    this.#writer.forget();
  }

  /** Hears why requests fail, until `leave`; the last to leave takes the functions with it. */
  join(listener: (reason: string) => void): void {
    this.#listeners.add(listener);
  }

  get isClosed(): boolean {
    return this.#callbacks.length === 0;
  }

  leave(listener: (reason: string) => void): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size > 0) return;
    for (const callback of this.#callbacks.splice(0)) callback.close();
  }

  #register(table: Table | ForeignTable): void {
    this.#tables.set(table.name, table);
  }

  #block(size: number): NativeBlock {
    const block = new NativeBlock(size);
    this.#blocks.push(block);
    return block;
  }

  #callback(answer: (...args: number[]) => number, { args, returns }: Signature): number {
    const safe = (...given: (number | bigint | null)[]): number => {
      try {
        return answer(...given.map(Number));
      } catch (error) {
        // Nothing may be thrown through a plugin's frames.
        this.#fail(error instanceof Error ? error.message : String(error));
        return returns === ptr ? 0 : FAILED;
      }
    };
    const callback = new JSCallback(safe, { args: [...args], returns });
    this.#callbacks.push(callback);
    return Number(callback.ptr);
  }

  /** A list of C functions: those of foreign tables go to the plugin that keeps the table. */
  #list(
    functions: Readonly<Record<string, Signature>>,
    group: "fields" | "reading" | "writing",
    answers: Readonly<Record<FunctionName, Answer>>,
  ): number {
    const names = Object.keys(functions);
    const block = this.#block(names.length * POINTER);
    for (const [i, name] of names.entries()) {
      const full = `${group}.${name}` as FunctionName;
      const signature = functions[name]!;
      const missing = signature.returns === ptr ? 0 : FAILED;
      const address = this.#callback((handle, ...args) => {
        const table = this.#handles.table(handle!);
        if (table instanceof ForeignTable) return table.call(full, missing, args);
        return answers[full](handle!, ...args);
      }, signature);
      block.setAddress(i * POINTER, address);
    }
    return block.address;
  }

  /** | list tables() | get table() | add table() | 3 old functions of fields | fields* | reading* | writing* | */
  #initInput(): number {
    const block = this.#block(9 * POINTER);
    const calls = [
      this.#callback((_owner, count) => this.#listTables(count!), { args: [ptr, ptr], returns: ptr }),
      this.#callback((_owner, name, type) => this.#getTable(textAt(name!), type as ValueType), {
        args: [ptr, ptr, i32],
        returns: ptr,
      }),
      this.#callback((_owner, input) => this.#addTable(input!), { args: [ptr, ptr], returns: i32 }),
    ];
    for (const [i, call] of calls.entries()) block.setAddress(i * POINTER, call);
    this.fillOld(block, 3 * POINTER, this.fields, 3);
    block.setAddress(6 * POINTER, this.fields);
    block.setAddress(7 * POINTER, this.reading);
    block.setAddress(8 * POINTER, this.writing);
    return block.address;
  }

  /** Copies the first functions of a list to where older plugins look for them. */
  fillOld(block: NativeBlock, at: number, list: number, count: number): void {
    const from = this.#blocks.find(({ address }) => address === list)!;
    for (let i = 0; i < count; i++) block.setAddress(at + i * POINTER, from.addressAt(i * POINTER));
  }

  #fail(reason: string): void {
    for (const listener of this.#listeners) listener(reason);
  }

  #listTables(count: number): number {
    const block = this.#block(this.#tables.size * 2 * POINTER);
    for (const [i, { name, keyType }] of [...this.#tables.values()].entries()) {
      block.setAddress(i * 2 * POINTER, this.#text(name));
      block.view.setUint32(i * 2 * POINTER + POINTER, keyType, true);
    }
    this.#writer.writeCount(count, this.#tables.size);
    return block.address;
  }

  #text(text: string): number {
    const block = nativeText(text);
    this.#blocks.push(block);
    return block.address;
  }

  #getTable(name: string, keyType: ValueType): number {
    const table = this.#tables.get(name);
    if (!table) this.#fail(`there is no table "${name}"`);
    else if (table.keyType !== keyType) this.#fail(`the keys of table "${name}" have another type`);
    else return this.#handles.ofTable(table);
    return 0;
  }

  #addTable(input: number): number {
    const table = new ForeignTable(input);
    if (this.#tables.has(table.name)) {
      this.#fail(`there is a table "${table.name}" already`);
      return FAILED;
    }
    this.#register(table);
    return OK;
  }

  #answers(): Readonly<Record<FunctionName, Answer>> {
    const own = (handle: number): Table => this.#handles.table(handle) as Table;
    const entry = (handle: number): object => {
      const found = this.#handles.entry(handle);
      if (!found) throw new Error("the entry is void");
      return found;
    };
    const field = (handle: number): TableField => {
      const found = this.#handles.field(handle);
      if (!found) throw new Error("there is no such field");
      return found;
    };
    const changes = (handle: number): NonNullable<Table["changes"]> => {
      const { name, changes: allowed } = own(handle);
      if (!allowed) throw new Error(`the entries of table "${name}" are changed by events only`);
      return allowed;
    };
    return {
      "fields.list": (table, count) => this.#listFields(own(table).shape, count!),
      "fields.get": (table, name, type) => {
        const found = own(table).shape.find(textAt(name!));
        if (found?.type === type) return this.#handles.ofField(found);
        throw new Error(`table "${own(table).name}" has no field "${textAt(name!)}" of that type`);
      },
      "fields.add": (table, name, type) => {
        const added = own(table).shape.add(textAt(name!), type as ValueType);
        if (added) return this.#handles.ofField(added);
        throw new Error(`table "${own(table).name}" can't have a field "${textAt(name!)}" of that type`);
      },
      "reading.name": (table) => this.#text(own(table).name),
      "reading.size": (table) => own(table).size,
      "reading.entry": (table, key) => {
        const found = own(table).get(valueAt(key!, own(table).keyType));
        if (found) return this.#handles.ofEntry(found);
        this.#fail(`table "${own(table).name}" has no such entry`);
        return 0;
      },
      "reading.read": (_table, of, which, out) => this.#read(entry(of!), field(which!), out!),
      "reading.release": (_table, which) => this.#release(which!),
      "reading.each": (table, visit, state) => this.#each(own(table), visit!, state!),
      "writing.clear": (table) => {
        changes(table).clear();
        return OK;
      },
      "writing.erase": (table, key) =>
        changes(table).erase(valueAt(key!, own(table).keyType)) ? OK : FAILED,
      "writing.create": (table) => this.#handles.ofEntry(own(table).blank()),
      "writing.destroy": (_table, which) => this.#release(which!),
      "writing.insert": (table, key, which) => {
        const added = changes(table).add(valueAt(key!, own(table).keyType), entry(which!));
        return added ? this.#handles.ofEntry(added) : 0;
      },
      "writing.write": (_table, of, which, value) => {
        const { name, type, write } = field(which!);
        if (!write) throw new Error(`field "${name}" is changed by events only`);
        write(entry(of!), valueAt(value!, type));
        return OK;
      },
    };
  }

  #listFields(shape: Shape, count: number): number {
    const block = this.#block(shape.fields.length * INFO.size);
    for (const [i, { name, type, write }] of shape.fields.entries()) {
      block.setAddress(i * INFO.size + INFO.name, this.#text(name));
      block.view.setUint32(i * INFO.size + INFO.type, type, true);
      block.view.setUint32(i * INFO.size + INFO.readOnly, write ? 0 : 1, true);
    }
    this.#writer.writeCount(count, shape.fields.length);
    return block.address;
  }

  #release(handle: number): number {
    this.#handles.release(handle);
    return OK;
  }

  #read(entry: object, { type, read }: TableField, out: number): number {
    const value = read(entry);
    if (typeof value === "object") this.#writer.write(out, TYPE.uint64, this.#handles.ofEntryTable(value));
    else this.#writer.write(out, type, value);
    return OK;
  }

  #each(table: Table, visit: number, state: number): number {
    let visitor = this.#visitors.get(visit);
    if (!visitor) {
      const call: unknown = CFunction({ args: [ptr, ptr], returns: u32, ptr: visit as Pointer });
      visitor = call as (state: number, entry: number) => number;
      this.#visitors.set(visit, visitor);
    }
    for (const entry of table.entries()) {
      const handle = this.#handles.ofEntry(entry);
      const goesOn = visitor(state, handle) !== 0;
      this.#handles.release(handle);
      if (!goesOn) return 0;
    }
    return 1;
  }
}
