import { EVENT_HEADER_SIZE } from "../../event/source.ts";
import { EVENTS } from "../../schema/events.ts";
import { countParams, OLD_HEADER_SIZE, oldRecordLength } from "./count-params.ts";

/** A version 1 record with the number of parameters put into its header, as newer records have it. */
export class CountedRecord {
  bytes: Buffer = Buffer.alloc(1 << 17);
  view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
  params = 0;

  /** Takes the record of type `code` at `offset`, which has `space` bytes at most. Returns what is wrong with it, if anything is. */
  take(bytes: Buffer, view: DataView, offset: number, space: number, code: number): string | undefined {
    const length = oldRecordLength(code, view.getUint32(offset + 16, true));
    if (length < OLD_HEADER_SIZE || length > space)
      return `an event of ${length} bytes is in a block of ${space}`;
    this.params = countParams(view, offset, length, code);
    if (this.params < 0) return `the parameters of an event ${EVENTS[code]!.id} do not add up to its length`;
    if (length + 4 > this.bytes.length) {
      this.bytes = Buffer.alloc((length + 4) * 2);
      this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
    }
    bytes.copy(this.bytes, 0, offset, offset + OLD_HEADER_SIZE);
    bytes.copy(this.bytes, EVENT_HEADER_SIZE, offset + OLD_HEADER_SIZE, offset + length);
    this.view.setUint32(16, length + 4, true);
    this.view.setUint32(22, this.params, true);
    return undefined;
  }
}
