import { CString, type Pointer, read } from "bun:ffi";
import { libc } from "../../../ffi/libc.ts";
import { NativeBlock, nativeText } from "../native-block.ts";
import { TYPE, type Value, type ValueType } from "./table.ts";

const BYTES = 8;

/** Reads a value (ss_plugin_state_data) of a type from a plugin's memory; never a table. */
export function valueAt(address: number, type: ValueType): Value {
  const at = address as Pointer;
  switch (type) {
    case TYPE.int8:
      return read.i8(at, 0);
    case TYPE.int16:
      return read.i16(at, 0);
    case TYPE.int32:
      return read.i32(at, 0);
    case TYPE.int64:
      return narrow(read.i64(at, 0));
    case TYPE.uint8:
      return read.u8(at, 0);
    case TYPE.uint16:
      return read.u16(at, 0);
    case TYPE.uint32:
      return read.u32(at, 0);
    case TYPE.uint64:
      return narrow(read.u64(at, 0));
    case TYPE.bool:
      return read.u32(at, 0) !== 0;
    default: {
      const text = read.ptr(at, 0);
      return text === 0 ? "" : new CString(text as Pointer).toString();
    }
  }
}

const narrow = (value: bigint): number | bigint =>
  value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
    ? Number(value)
    : value;

/** Writes values into plugins' memory; texts stay where they are until `forget`. */
export class ValueWriter {
  readonly #block = new NativeBlock(BYTES);
  readonly #texts: NativeBlock[] = [];

  write(address: number, type: ValueType, value: number | bigint | string | boolean | undefined): void {
    const { view } = this.#block;
    if (type === TYPE.string) {
      const text = nativeText(typeof value === "string" ? value : "");
      this.#texts.push(text);
      this.#block.setAddress(0, text.address);
    } else view.setBigInt64(0, BigInt.asIntN(64, BigInt(typeof value === "string" ? 0 : (value ?? 0))), true);
    libc().memcpy(address as Pointer, this.#block.address, BYTES);
  }

  /** Writes a number of 32 bits. */
  writeCount(address: number, count: number): void {
    this.#block.view.setUint32(0, count, true);
    libc().memcpy(address as Pointer, this.#block.address, 4);
  }

  forget(): void {
    this.#texts.length = 0;
  }
}
