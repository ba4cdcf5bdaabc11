// hot path
import { CString, type Pointer, read } from "bun:ffi";
import type { Context, Field, FieldArg, FieldRead } from "../../fields/field.ts";
import { EVENTS } from "../../schema/events.ts";
import { FIELD_TYPES } from "./declared-fields.ts";
import type { EventInput } from "./event-input.ts";
import { NativeBlock, nativeText } from "./native-block.ts";

const TWO_32 = 0x1_0000_0000;
/** The upper half of whole numbers that a double holds exactly. */
const SAFE_HIGH = 0x20_0000;

/**
 * ss_plugin_extract_field:
 *   | result* | count u64 | number u32 | . | name* | key* | index u64 | has argument u32 | type u32 | list u32 | . |
 */
const FIELD = {
  size: 64,
  result: 0,
  count: 8,
  id: 16,
  name: 24,
  key: 32,
  index: 40,
  present: 48,
  type: 52,
  list: 56,
};
/**
 * ss_plugin_field_extract_input:
 *   | owner* | last error() | fields u32 | . | field* | 4 old functions of tables | functions of tables* | offsets* |
 */
const INPUT = { size: 80, owner: 0, error: 8, count: 16, fields: 24, oldTables: 32, tables: 64 };

/** What extraction needs of the plugin that runs. */
export interface Extraction {
  readonly state: number;
  readonly extract: (state: number, event: number, input: number) => number | null;
  readonly events: EventInput;
  /** Codes of the events that the plugin wants to see, as a table of ones. */
  readonly accepts: Uint8Array;
  /** The event sources it reads; empty for all. */
  readonly sources: readonly string[];
  /** Fills in what concerns the owner: | owner* | last error() | and the tables' functions, at these places. */
  readonly fillOwner: (
    block: NativeBlock,
    at: { readonly oldTables: number; readonly tables: number },
  ) => void;
  /** Runs after each call. */
  readonly afterCall: () => void;
}

/** A request for a field's value with one argument, or none; made once and reused for each event. */
class Request {
  readonly input = new NativeBlock(INPUT.size);
  readonly field = new NativeBlock(FIELD.size);
  /** Keeps the texts that the structures point to. */
  readonly texts: readonly NativeBlock[];

  constructor(field: Field, id: number, arg: FieldArg | undefined, extraction: Extraction) {
    const name = nativeText(field.name);
    const key = arg && field.argKind?.includes("KEY") ? nativeText(arg.text) : undefined;
    this.texts = key ? [name, key] : [name];
    const { view } = this.field;
    view.setUint32(FIELD.id, id, true);
    this.field.setAddress(FIELD.name, name.address);
    this.field.setAddress(FIELD.key, key?.address ?? 0);
    const index = field.argKind?.includes("INDEX") ? arg?.index : undefined;
    this.field.setAddress(FIELD.index, index ?? 0);
    view.setUint32(FIELD.present, arg ? 1 : 0, true);
    const type = Object.values(FIELD_TYPES).find((known) => known.type === field.type)!;
    view.setUint32(FIELD.type, type.number, true);
    view.setUint32(FIELD.list, field.list ? 1 : 0, true);
    extraction.fillOwner(this.input, INPUT);
    this.input.view.setUint32(INPUT.count, 1, true);
    this.input.setAddress(INPUT.fields, this.field.address);
  }
}

/** The declared fields, read by the plugin. */
export function extractedFields(declared: readonly Field[], extraction: Extraction): Field[] {
  return declared.map((field, id) => ({ ...field, read: reader(field, id, extraction) }));
}

function reader(field: Field, id: number, extraction: Extraction): Field["read"] {
  const { state, extract, events, accepts, sources, afterCall } = extraction;
  const requests = new Map<string | undefined, Request>();
  let lastArg: FieldArg | undefined;
  let last: Request | undefined;
  const request = (arg: FieldArg | undefined): Request => {
    let found = requests.get(arg?.text);
    if (!found) {
      found = new Request(field, id, arg, extraction);
      requests.set(arg?.text, found);
    }
    lastArg = arg;
    last = found;
    return found;
  };
  const one = VALUES[field.type as keyof typeof VALUES];
  const { step, value } = one;
  const anySource = sources.length === 0;
  return ({ event, state: { sourceName } }: Context, arg) => {
    if (accepts[event.code] !== 1 || sourceName === undefined) return undefined;
    if (!anySource && !sources.includes(sourceName)) return undefined;
    const current = last !== undefined && arg === lastArg ? last : request(arg);
    const { address, view } = current.field;
    view.setUint32(FIELD.count, 0, true);
    const rc = extract(state, events.show(event, sourceName), current.input.address);
    const count = rc === 0 ? view.getUint32(FIELD.count, true) : 0;
    const at = read.ptr(address as Pointer, FIELD.result);
    let result: FieldRead | FieldRead[];
    if (count === 0 || at === 0) result = undefined;
    else if (field.list) {
      const values: FieldRead[] = [];
      for (let i = 0; i < count; i++) values.push(value(at + i * step));
      result = values;
    } else result = value(at);
    afterCall();
    return result;
  };
}

function u64(at: number): number | bigint {
  const low = read.u32(at as Pointer, 0);
  const high = read.u32(at as Pointer, 4);
  return high < SAFE_HIGH ? high * TWO_32 + low : (BigInt(high) << 32n) | BigInt(low);
}

function text(at: number): string | undefined {
  const address = read.ptr(at as Pointer, 0);
  return address === 0 ? undefined : new CString(address as Pointer).toString();
}

/** `| length u32 | . | bytes* |` */
function address(at: number): Uint8Array | undefined {
  const length = read.u32(at as Pointer, 0);
  const bytes = read.ptr(at as Pointer, 8);
  if (bytes === 0 || (length !== 4 && length !== 16)) return undefined;
  return Uint8Array.from({ length }, (_, i) => read.u8(bytes as Pointer, i));
}

/** How values of a type lie in the plugin's memory: their size in a list, and how one is read. */
const VALUES: Readonly<
  Record<
    "UINT64" | "RELTIME" | "ABSTIME" | "BOOL" | "CHARBUF" | "IPADDR" | "IPNET",
    { readonly step: number; readonly value: (at: number) => FieldRead }
  >
> = {
  UINT64: { step: 8, value: u64 },
  RELTIME: { step: 8, value: u64 },
  ABSTIME: { step: 8, value: u64 },
  BOOL: { step: 4, value: (at) => read.u32(at as Pointer, 0) !== 0 },
  CHARBUF: { step: 8, value: text },
  IPADDR: { step: 16, value: address },
  IPNET: { step: 16, value: address },
};

/** The table of ones for the codes that a plugin lists; nothing listed means all, or plugin events only. */
export function acceptedCodes(
  codes: readonly number[],
  readsSyscalls: boolean,
  pluginEvent: number,
): Uint8Array {
  const table = new Uint8Array(EVENTS.length);
  if (codes.length > 0) for (const code of codes) table[code] = 1;
  else if (readsSyscalls) table.fill(1);
  else table[pluginEvent] = 1;
  return table;
}

/** A list of codes of 16 bits that a plugin gives. */
export const codesAt = (address: number, count: number): number[] =>
  address === 0 ? [] : Array.from({ length: count }, (_, i) => read.u16(address as Pointer, i * 2));
