/** Types of values, by their numbers in the plugin API (ss_plugin_state_type). */
export const TYPE = {
  int8: 1,
  int16: 2,
  int32: 3,
  int64: 4,
  uint8: 5,
  uint16: 6,
  uint32: 7,
  uint64: 8,
  string: 9,
  table: 10,
  bool: 25,
} as const;

export type ValueType = (typeof TYPE)[keyof typeof TYPE];
export type Value = number | bigint | string | boolean | Table;

/** What the entries of a table have; one object for each table of its shape. */
export interface TableField {
  readonly name: string;
  readonly type: ValueType;
  /** Undefined counts as empty or 0. */
  readonly read: (entry: object) => Value | undefined;
  /** Absent for what only events may change. */
  readonly write?: (entry: object, value: Value) => void;
}

/** The fields of all tables of a kind. Plugins may add more, whose values are kept beside the entries. */
export class Shape {
  readonly fields: TableField[];

  readonly #fixed: boolean;

  /** `fixed`: its entries are made anew whenever they are asked for, so nothing can be kept beside them. */
  constructor(fields: readonly TableField[], fixed?: "fixed") {
    this.fields = [...fields];
    this.#fixed = fixed !== undefined;
  }

  find(name: string): TableField | undefined {
    return this.fields.find((field) => field.name === name);
  }

  /** A further field; one that is there already is it, if it has the type. */
  add(name: string, type: ValueType): TableField | undefined {
    const known = this.find(name);
    if (known) return known.type === type ? known : undefined;
    if (this.#fixed) return undefined;
    const values = new WeakMap<object, Value>();
    const field: TableField = {
      name,
      type,
      read: (entry) => values.get(entry),
      write: (entry, value) => void values.set(entry, value),
    };
    this.fields.push(field);
    return field;
  }
}

/** A table as plugins see it; entries are objects that last as long as what they stand for. */
export interface Table {
  readonly name: string;
  readonly keyType: ValueType;
  readonly shape: Shape;
  readonly size: number;
  get(key: Value): object | undefined;
  entries(): Iterable<object>;
  /** An entry that is in no table: fields of tables in it can be asked for. */
  blank(): object;
  /** Changes to the table itself, where it takes them. */
  readonly changes?: {
    clear(): void;
    erase(key: Value): boolean;
    add(key: Value, entry: object): object | undefined;
  };
}
