// hot path
import { FalcoError, reasonOf } from "../../errors.ts";
import { EVENT_HEADER_SIZE, type Sink, type Source, type SourceStats } from "../../event/source.ts";
import { EF } from "../../schema/event-row.ts";
import { EVENTS } from "../../schema/events.ts";
import {
  BLOCK_HEAD,
  BLOCK_OVERHEAD,
  BYTE_ORDER_MAGIC,
  EVENT_BLOCKS,
  type EventBlockKind,
  FORMAT_MAJOR,
  SECTION_HEADER,
  SEED_BLOCKS,
} from "./blocks.ts";
import { Body, BodyError } from "./body.ts";
import { countParams, OLD_HEADER_SIZE, oldRecordLength } from "./count-params.ts";
import { openInput } from "./input.ts";
import { readSeedBlock } from "./seed-blocks.ts";
import { Upgrade, UpgradeError } from "./upgrade.ts";
import { Window } from "./window.ts";

/** No producer writes larger blocks; a larger length is a broken file, not a reason to take the memory. */
const MAX_BLOCK = 256 << 20;
const MIN_SECTION_HEADER = BLOCK_OVERHEAD + 16;
const WIDE_LENGTHS = Uint8Array.from(EVENTS, (e) => (e.flags & EF.LARGE_PAYLOAD ? 1 : 0));

/**
 * Reads a capture file: plain or gzip, every version of the format, several captures one after the other.
 * Takes constant memory. Whatever is wrong with the file becomes one FalcoError with the file's name and the
 * position in the (uncompressed) data.
 */
export class ScapSource implements Source {
  readonly name = "syscall";
  readonly #file: string;
  readonly #openFile: (file: string) => Promise<AsyncIterator<Buffer>>;
  readonly #upgrade = new Upgrade();
  #window: Window | undefined;
  #seen = 0;
  #ended = false;
  /** Version 1 records with the parameter count put in. */
  #counted: Buffer = Buffer.alloc(1 << 17);
  #countedView = new DataView(this.#counted.buffer, this.#counted.byteOffset, this.#counted.length);

  /** `openFile` gives the file's bytes, decompressed. */
  constructor(file: string, openFile: (file: string) => Promise<AsyncIterator<Buffer>> = openInput) {
    this.#file = file;
    this.#openFile = openFile;
  }

  /** Hands over everything that stands before the first event. */
  async open(sink: Sink): Promise<void> {
    this.#window = new Window(await this.#openFile(this.#file));
    if (!(await this.#fill(BLOCK_HEAD))) this.#fail("the file is empty or too short for a capture");
    if (this.#window.view.getUint32(this.#window.start, true) !== SECTION_HEADER) {
      this.#fail("it does not start like a capture file");
    }
    while (await this.#nextBlock()) {
      if (EVENT_BLOCKS.has(this.#blockType)) return;
      this.#readOther(sink);
    }
    this.#ended = true;
  }

  pump(sink: Sink): number | Promise<number> {
    const count = this.#drain(sink);
    return count > 0 ? count : this.#refill(sink);
  }

  stats(): SourceStats {
    return { seen: this.#seen, dropped: {} };
  }

  close(): void {
    const window = this.#window;
    this.#window = undefined;
    // Nothing is left to be done with the file, so nobody waits for its handle to be closed.
    window?.close().catch(() => {});
  }

  get #open(): Window {
    if (!this.#window) throw new Error("capture is not open");
    return this.#window;
  }

  get #blockType(): number {
    return this.#open.view.getUint32(this.#open.start, true);
  }

  async #refill(sink: Sink): Promise<number> {
    while (!this.#ended && (await this.#nextBlock())) {
      const count = this.#drain(sink);
      if (count > 0) return count;
    }
    this.#ended = true;
    return -1;
  }

  /** Makes sure that the next block lies in the window as a whole. False: the capture ends here. */
  async #nextBlock(): Promise<boolean> {
    if (!(await this.#fill(BLOCK_HEAD))) {
      const left = this.#open.available;
      if (left > 0) this.#fail(`it is cut off: ${left} bytes of a block's header are left`);
      return false;
    }
    const length = this.#blockLength();
    if (!(await this.#fill(length))) {
      this.#fail(`it is cut off: a block of ${length} bytes starts, ${this.#open.available} are there`);
    }
    return true;
  }

  async #fill(count: number): Promise<boolean> {
    try {
      return await this.#open.fill(count);
    } catch (error) {
      return this.#fail(reasonOf(error), error);
    }
  }

  #blockLength(): number {
    const { view, start } = this.#open;
    const length = view.getUint32(start + 4, true);
    if (length < BLOCK_OVERHEAD) this.#fail(`a block of ${length} bytes is impossible`);
    if (length > MAX_BLOCK) this.#fail(`a block of ${length} bytes is too large`);
    return length;
  }

  /** Hands over the events of all blocks that are in the window as a whole. */
  #drain(sink: Sink): number {
    const window = this.#open;
    let count = 0;
    while (window.available >= BLOCK_HEAD) {
      const length = this.#blockLength();
      if (window.available < length) break;
      const kind = EVENT_BLOCKS.get(this.#blockType);
      if (kind) {
        this.#checkTrailer(length);
        if (this.#readEvent(sink, kind, length)) count++;
        window.start += length;
      } else {
        this.#readOther(sink);
      }
    }
    this.#seen += count;
    return count;
  }

  #readEvent(sink: Sink, kind: EventBlockKind, blockLength: number): boolean {
    const { bytes, view, start } = this.#open;
    const offset = start + BLOCK_HEAD + kind.prefix;
    const space = start + blockLength - 4 - offset;
    if (space < OLD_HEADER_SIZE) this.#fail(`an event does not fit into its block of ${blockLength} bytes`);
    const code = view.getUint16(offset + 20, true);
    // Types of newer producers cannot be read, and nobody asks for them.
    if (code >= EVENTS.length) return false;
    const cpu = view.getUint16(start + BLOCK_HEAD, true);
    if (!kind.counted) return this.#readOldEvent(sink, offset, space, code, cpu);
    this.#checkRecord(view, offset, space, code);
    if (this.#upgrade.isCurrent(code, view.getUint32(offset + 22, true))) {
      sink.event(bytes, view, offset, cpu);
      return true;
    }
    return this.#convert(sink, bytes, view, offset, cpu);
  }

  #convert(sink: Sink, bytes: Buffer, view: DataView, offset: number, cpu: number): boolean {
    const upgrade = this.#upgrade;
    try {
      if (!upgrade.run(bytes, view, offset)) return false;
    } catch (error) {
      if (error instanceof UpgradeError) this.#fail(`an event of type ${error.message}`);
      throw error;
    }
    sink.event(upgrade.bytes, upgrade.view, upgrade.offset, cpu);
    return true;
  }

  /** Puts the number of parameters into the header, as newer records have it. */
  #readOldEvent(sink: Sink, offset: number, space: number, code: number, cpu: number): boolean {
    const { bytes, view } = this.#open;
    const length = oldRecordLength(code, view.getUint32(offset + 16, true));
    if (length < OLD_HEADER_SIZE || length > space)
      this.#fail(`an event of ${length} bytes is in a block of ${space}`);
    const params = countParams(view, offset, length, code);
    if (params < 0) this.#fail(`the parameters of an event ${EVENTS[code]!.id} do not add up to its length`);
    if (length + 4 > this.#counted.length) {
      this.#counted = Buffer.alloc((length + 4) * 2);
      this.#countedView = new DataView(this.#counted.buffer, this.#counted.byteOffset, this.#counted.length);
    }
    bytes.copy(this.#counted, 0, offset, offset + OLD_HEADER_SIZE);
    bytes.copy(this.#counted, EVENT_HEADER_SIZE, offset + OLD_HEADER_SIZE, offset + length);
    this.#countedView.setUint32(16, length + 4, true);
    this.#countedView.setUint32(22, params, true);
    if (this.#upgrade.isCurrent(code, params)) {
      sink.event(this.#counted, this.#countedView, 0, cpu);
      return true;
    }
    return this.#convert(sink, this.#counted, this.#countedView, 0, cpu);
  }

  #checkRecord(view: DataView, offset: number, space: number, code: number): void {
    const length = view.getUint32(offset + 16, true);
    if (length < EVENT_HEADER_SIZE || length > space) {
      this.#fail(`an event of ${length} bytes is in a block of ${space}`);
    }
    const params = view.getUint32(offset + 22, true);
    const width = WIDE_LENGTHS[code] === 1 ? 4 : 2;
    let left = length - EVENT_HEADER_SIZE - params * width;
    let at = offset + EVENT_HEADER_SIZE;
    for (let i = 0; i < params && left >= 0; i++, at += width) {
      left -= width === 2 ? view.getUint16(at, true) : view.getUint32(at, true);
    }
    if (left < 0) this.#fail(`the parameters of an event ${EVENTS[code]!.id} exceed its ${length} bytes`);
  }

  /** A block that holds no event; unknown ones are skipped. */
  #readOther(sink: Sink): void {
    const window = this.#open;
    const { bytes, view, start } = window;
    const type = this.#blockType;
    const length = this.#blockLength();
    const kind = SEED_BLOCKS.get(type);
    if (type === SECTION_HEADER) this.#readSectionHeader(sink, length);
    else if (kind) {
      this.#checkTrailer(length);
      try {
        readSeedBlock(new Body(bytes, view, start + BLOCK_HEAD, start + length - 4), kind, sink);
      } catch (error) {
        if (error instanceof BodyError) this.#fail(`the list of ${kind.kind} is broken: ${error.message}`);
        throw error;
      }
    }
    window.start += length;
  }

  /** `magic u32 | major u16 | minor u16 | section length u64 | options` */
  #readSectionHeader(sink: Sink, length: number): void {
    const { view, start, position } = this.#open;
    if (length < MIN_SECTION_HEADER) this.#fail("its section header is too short");
    const magic = view.getUint32(start + BLOCK_HEAD, true);
    if (magic !== BYTE_ORDER_MAGIC)
      this.#fail("it is no capture, or one of a machine with another byte order");
    const major = view.getUint16(start + BLOCK_HEAD + 4, true);
    if (major > FORMAT_MAJOR)
      this.#fail(`it has format version ${major}, ${FORMAT_MAJOR} is the newest known`);
    if (position === 0) return;
    this.#upgrade.reset();
    sink.restart();
  }

  #checkTrailer(length: number): void {
    const { view, start } = this.#open;
    const trailer = view.getUint32(start + length - 4, true);
    if (trailer !== length) this.#fail(`a block says ${length} bytes at its start and ${trailer} at its end`);
  }

  #fail(reason: string, cause?: unknown): never {
    const position = this.#window?.position ?? 0;
    throw new FalcoError(
      "CAPTURE_CORRUPT",
      `Cannot read capture ${this.#file} at byte ${position}: ${reason}`,
      {
        hint: "take the capture again or copy it again; events before this place are good",
        cause,
      },
    );
  }
}
