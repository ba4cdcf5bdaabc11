import type { ForeignTable } from "./foreign-table.ts";
import type { Table, TableField } from "./table.ts";

/** Handles are no addresses: whoever follows one is told by the machine. Their last digit says what they stand for. */
const STEP = 16;
const LASTING = 0;
const PASSING = 8;

/** The numbers by which plugins know tables, fields and entries. */
export class Handles {
  /** Tables and fields: as long as the plugins run. */
  readonly #lasting: (Table | ForeignTable | TableField)[] = [];
  readonly #known = new Map<object, number>();
  /** Entries, and tables inside entries: until they are given back, or the call ends. */
  readonly #passing = new Map<number, object>();
  #next = 1;

  ofTable(table: Table | ForeignTable): number {
    return this.#last(table);
  }

  ofField(field: TableField): number {
    return this.#last(field);
  }

  #last(object: Table | ForeignTable | TableField): number {
    let handle = this.#known.get(object);
    if (handle === undefined) {
      this.#lasting.push(object);
      handle = this.#lasting.length * STEP + LASTING;
      this.#known.set(object, handle);
    }
    return handle;
  }

  ofEntry(entry: object): number {
    return this.#pass(entry);
  }

  /** A table that is the value of an entry's field. */
  ofEntryTable(table: Table): number {
    return this.#pass(table);
  }

  #pass(object: object): number {
    const handle = this.#next++ * STEP + PASSING;
    this.#passing.set(handle, object);
    return handle;
  }

  table(handle: number): Table | ForeignTable {
    const isLasting = handle % STEP === LASTING;
    const found = isLasting ? this.#lasting[handle / STEP - 1] : this.#passing.get(handle);
    if (!found) throw new Error("there is no such table");
    return found as Table | ForeignTable;
  }

  field(handle: number): TableField | undefined {
    return this.#lasting[handle / STEP - 1] as TableField | undefined;
  }

  entry(handle: number): object | undefined {
    return this.#passing.get(handle);
  }

  release(handle: number): void {
    this.#passing.delete(handle);
  }

  forgetEntries(): void {
    if (this.#passing.size === 0) return;
    this.#passing.clear();
    this.#next = 1;
  }
}
