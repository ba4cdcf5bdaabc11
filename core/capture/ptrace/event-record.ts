import { EVENT_HEADER_SIZE } from "../../event/source.ts";
import { EVENTS } from "../../schema/events.ts";
import { fixedSize } from "../scap/record-builder.ts";

/** A parameter: a number for types of a fixed size, bytes for the others; no bytes make it empty. */
export type Datum = number | bigint | Uint8Array;

const MAX_PARAM = 0xffff;
const CAPACITY = 1 << 20;

/** Memory for one event record (event/source.ts), written anew for each event. */
export class EventRecord {
  readonly bytes: Buffer = Buffer.alloc(CAPACITY);
  readonly view: DataView = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);

  /** Writes a record with parameters in the table's order; `time` in nanoseconds since the epoch. */
  write(code: number, tid: number, time: bigint, data: readonly Datum[]): void {
    const { view, bytes } = this;
    const { params } = EVENTS[code]!;
    let end = EVENT_HEADER_SIZE + 2 * data.length;
    data.forEach((datum, i) => {
      const size =
        typeof datum === "object" ? Math.min(datum.length, MAX_PARAM) : (fixedSize(params[i]!.type) ?? 0);
      if (typeof datum === "object") bytes.set(size === datum.length ? datum : datum.subarray(0, size), end);
      else this.#number(end, size, datum);
      view.setUint16(EVENT_HEADER_SIZE + 2 * i, size, true);
      end += size;
    });
    view.setBigUint64(0, time, true);
    view.setBigInt64(8, BigInt(tid), true);
    view.setUint32(16, end, true);
    view.setUint16(20, code, true);
    view.setUint32(22, data.length, true);
  }

  #number(at: number, size: number, value: number | bigint): void {
    const { view } = this;
    if (size === 8) view.setBigInt64(at, BigInt.asIntN(64, BigInt(value)), true);
    else {
      const word = Number(BigInt.asUintN(32, BigInt(value)));
      if (size === 4) view.setUint32(at, word, true);
      else if (size === 2) view.setUint16(at, word, true);
      else if (size === 1) view.setUint8(at, word);
    }
  }
}
