import { EVENT_HEADER_SIZE } from "../../event/source.ts";
import type { ParamType } from "../../schema/event-row.ts";
import { EF } from "../../schema/event-row.ts";
import { EVENTS } from "../../schema/events.ts";

const UNSET_ID = 0xffff_ffff;

const FIXED_SIZES: Partial<Record<ParamType, number>> = {
  INT8: 1,
  UINT8: 1,
  FLAGS8: 1,
  ENUMFLAGS8: 1,
  SIGTYPE: 1,
  INT16: 2,
  UINT16: 2,
  FLAGS16: 2,
  ENUMFLAGS16: 2,
  SYSCALLID: 2,
  PORT: 2,
  INT32: 4,
  UINT32: 4,
  FLAGS32: 4,
  ENUMFLAGS32: 4,
  UID: 4,
  GID: 4,
  MODE: 4,
  SIGSET: 4,
  FD32: 4,
  PID32: 4,
  IPV4ADDR: 4,
  INT64: 8,
  UINT64: 8,
  RELTIME: 8,
  ABSTIME: 8,
  ERRNO: 8,
  FD: 8,
  PID: 8,
  IPV6ADDR: 16,
};

/** Bytes a parameter of the type takes when it is there; undefined for those of varying size. */
export function fixedSize(type: ParamType): number | undefined {
  return FIXED_SIZES[type];
}

/**
 * Writes one event record into memory of its own, parameter after parameter. The memory is used again for
 * the next record and grows to the largest one.
 */
export class RecordBuilder {
  bytes: Buffer = Buffer.alloc(1 << 17);
  view: DataView = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
  #code = 0;
  #wide = false;
  #count = 0;
  #next = 0;
  /** End of the record so far. */
  #end = 0;

  /** Starts a record of `count` parameters with the time and thread of the record at `offset` of `from`. */
  begin(code: number, count: number, from: DataView, offset: number): void {
    this.#code = code;
    this.#wide = (EVENTS[code]!.flags & EF.LARGE_PAYLOAD) !== 0;
    this.#count = count;
    this.#next = 0;
    this.#end = EVENT_HEADER_SIZE + count * (this.#wide ? 4 : 2);
    for (let i = 0; i < 16; i += 4) this.view.setUint32(i, from.getUint32(offset + i, true), true);
  }

  /** Appends `size` bytes; values of a type with a fixed size are cut to it. */
  push(from: Buffer, at: number, size: number): void {
    const type = EVENTS[this.#code]!.params[this.#next]?.type;
    const limit = (type && fixedSize(type)) ?? (this.#wide ? 0xffff_ffff : 0xffff);
    const used = Math.min(size, limit);
    this.#reserve(used);
    from.copy(this.bytes, this.#end, at, at + used);
    this.#push(used);
  }

  pushEmpty(): void {
    this.#push(0);
  }

  /** Zero of the parameter's size, or the id that means none; nothing for types of varying size. */
  pushDefault(): void {
    const type = EVENTS[this.#code]!.params[this.#next]?.type;
    const size = (type && fixedSize(type)) ?? 0;
    this.#reserve(size);
    this.bytes.fill(0, this.#end, this.#end + size);
    if (type === "UID" || type === "GID") this.view.setUint32(this.#end, UNSET_ID, true);
    this.#push(size);
  }

  #push(size: number): void {
    const at = EVENT_HEADER_SIZE + this.#next * (this.#wide ? 4 : 2);
    if (this.#wide) this.view.setUint32(at, size, true);
    else this.view.setUint16(at, size, true);
    this.#next++;
    this.#end += size;
  }

  #reserve(size: number): void {
    if (this.#end + size <= this.bytes.length) return;
    const grown = Buffer.alloc((this.#end + size) * 2);
    this.bytes.copy(grown, 0, 0, this.#end);
    this.bytes = grown;
    this.view = new DataView(grown.buffer, grown.byteOffset, grown.length);
  }

  /** Completes the header. The record lies at 0 and stays valid until the next `begin`. */
  finish(): number {
    this.view.setUint32(16, this.#end, true);
    this.view.setUint16(20, this.#code, true);
    this.view.setUint32(22, this.#count, true);
    return this.#end;
  }
}
