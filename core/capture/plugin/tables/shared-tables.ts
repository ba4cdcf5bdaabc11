import type { State } from "../../../state/state.ts";
import type { NativeBlock } from "../native-block.ts";
import { TableFunctions } from "./table-functions.ts";

/** Functions that plugins of older versions know, each at the beginning of its list. */
const OLD_READING = 4;
const OLD_WRITING = 6;

const known = new WeakMap<State, TableFunctions>();

/** The tables of an engine, which all its plugins share. */
export function tablesOf(state: State): TableFunctions {
  let tables = known.get(state);
  if (!tables || tables.isClosed) {
    tables = new TableFunctions(state);
    known.set(state, tables);
  }
  return tables;
}

/** Where a structure has the lists of functions, and, in place, those that plugins of older versions look for. */
export interface TablePlaces {
  readonly reading: number;
  readonly writing?: number;
  readonly oldReading?: number;
  readonly oldWriting?: number;
}

/** Writes the functions of tables into a structure; nothing where there are none. */
export function fillTables(tables: TableFunctions | undefined, block: NativeBlock, at: TablePlaces): void {
  if (!tables) return;
  block.setAddress(at.reading, tables.reading);
  if (at.writing !== undefined) block.setAddress(at.writing, tables.writing);
  if (at.oldReading !== undefined) tables.fillOld(block, at.oldReading, tables.reading, OLD_READING);
  if (at.oldWriting !== undefined) tables.fillOld(block, at.oldWriting, tables.writing, OLD_WRITING);
}
