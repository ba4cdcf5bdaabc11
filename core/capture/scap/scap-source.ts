// hot path
import { reasonOf } from "../../errors.ts";
import { EVENT_HEADER_SIZE, type Sink, type Source, type SourceStats } from "../../event/source.ts";
import { EVENTS } from "../../schema/events.ts";
import {
  BLOCK,
  BLOCK_HEAD,
  BLOCK_OVERHEAD,
  BYTE_ORDER_MAGIC,
  EVENT_BLOCKS,
  FORMAT_MAJOR,
  INITIAL,
  isStateOnly,
  SECTION_HEADER,
  SEED_BLOCKS,
} from "./blocks.ts";
import { Body, BodyError } from "./body.ts";
import { captureFault } from "./capture-fault.ts";
import { OLD_HEADER_SIZE } from "./count-params.ts";
import { CountedRecord } from "./counted-record.ts";
import { type Input, openInput } from "./input.ts";
import { readSeedBlock } from "./seed-blocks.ts";
import { Upgrade, UpgradeError } from "./upgrade.ts";
import { Window } from "./window.ts";

/** No producer writes larger blocks; a larger length is a broken file, not a reason to take the memory. */
const MAX_BLOCK = 256 << 20;
/** Bytes before the record in the usual event block: the CPU's number. */
const PLAIN_PREFIX = 2;
const MIN_SECTION_HEADER = BLOCK_OVERHEAD + 16;

/**
 * Reads a capture file: plain or gzip, every version of the format, several captures one after the other. Takes constant memory.
 * Whatever is wrong with the file becomes one FalcoError with its name and the position in the (uncompressed) data.
 */
export class ScapSource implements Source {
  readonly name = "syscall";
  readonly #file: string;
  readonly #openFile: (file: string) => Promise<Input>;
  readonly #upgrade = new Upgrade();
  #window: Window | undefined;
  #seen = 0;
  #ended = false;
  /** Nothing has come yet but events that tell how things stood. */
  #starting = true;
  #stateOnly = false;
  readonly #counted = new CountedRecord();

  /** `openFile` gives the file's bytes, decompressed. */
  constructor(file: string, openFile: (file: string) => Promise<Input> = openInput) {
    this.#file = file;
    this.#openFile = openFile;
  }

  /** Hands over everything that stands before the first event. */
  async open(sink: Sink): Promise<void> {
    const window = new Window(await this.#openFile(this.#file));
    this.#window = window;
    while (window.available < BLOCK_HEAD && (await this.#readOn(BLOCK_HEAD)));
    if (window.available < BLOCK_HEAD) this.#fail("the file is empty or too short for a capture");
    if (this.#blockType !== SECTION_HEADER) this.#fail("it does not start like a capture file");
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

  #refill(sink: Sink): number | Promise<number> {
    while (!this.#ended) {
      const isThere = this.#nextBlock();
      if (typeof isThere !== "boolean") return isThere.then((later) => this.#refilled(sink, later));
      const count = this.#refilled(sink, isThere);
      if (count !== 0) return count;
    }
    return -1;
  }

  /** Hands over what a further block brought; -1 at the end of the capture. */
  #refilled(sink: Sink, isThere: boolean): number {
    if (isThere) return this.#drain(sink);
    this.#ended = true;
    return -1;
  }

  /** Makes sure that the next block lies in the window as a whole. False: the capture ends here. */
  #nextBlock(): boolean | Promise<boolean> {
    const window = this.#open;
    for (;;) {
      const needed =
        window.available < BLOCK_HEAD ? BLOCK_HEAD : this.#blockLength(window.view, window.start);
      if (window.available >= needed) return true;
      const read = this.#readOn(needed);
      if (typeof read !== "boolean") {
        return read.then((later) => (later ? this.#nextBlock() : this.#endBefore(needed)));
      }
      if (!read) return this.#endBefore(needed);
    }
  }

  /** The file ends where a block of so many bytes should be: false, if it ends behind the one before. */
  #endBefore(needed: number): false {
    const left = this.#open.available;
    if (left === 0) return false;
    if (left < BLOCK_HEAD) this.#fail(`it is cut off: ${left} bytes of a block's header are left`);
    return this.#fail(`it is cut off: a block of ${needed} bytes starts, ${left} are there`);
  }

  #readOn(needed: number): boolean | Promise<boolean> {
    const failed = (error: unknown): never => this.#fail(reasonOf(error), error);
    try {
      const read = this.#open.readOn(needed);
      return typeof read === "boolean" ? read : read.catch(failed);
    } catch (error) {
      return failed(error);
    }
  }

  #blockLength(view: DataView, start: number): number {
    // Read with sign: what stays a small integer is quick to reckon with.
    const length = view.getInt32(start + 4, true);
    if (length < 0 || length > MAX_BLOCK) this.#fail(`a block of ${length >>> 0} bytes is too large`);
    if (length < BLOCK_OVERHEAD) this.#fail(`a block of ${length} bytes is impossible`);
    return length;
  }

  /** Hands over the events of all blocks that are in the window as a whole. */
  #drain(sink: Sink): number {
    const window = this.#open;
    const { bytes, view, end } = window;
    let count = 0;
    for (;;) {
      const { start } = window;
      if (end - start < BLOCK_HEAD) break;
      const length = this.#blockLength(view, start);
      if (end - start < length) break;
      const type = view.getInt32(start, true);
      if (type === BLOCK.EVENT) {
        if (this.#readEvent(sink, bytes, view, start, length, PLAIN_PREFIX)) count++;
      } else {
        const kind = EVENT_BLOCKS.get(type >>> 0);
        if (!kind) {
          this.#readOther(sink);
          continue;
        }
        const { prefix, counted } = kind;
        if (counted) {
          if (this.#readEvent(sink, bytes, view, start, length, prefix)) count++;
        } else if (this.#readOldEvent(sink, start, length, prefix)) count++;
      }
      window.start = start + length;
    }
    this.#seen += count;
    return count;
  }

  /** False: nothing is handed over. */
  #readEvent(
    sink: Sink,
    bytes: Buffer,
    view: DataView,
    start: number,
    blockLength: number,
    prefix: number,
  ): boolean {
    this.#checkTrailer(view, start, blockLength);
    const offset = start + BLOCK_HEAD + prefix;
    const space = start + blockLength - 4 - offset;
    if (space < EVENT_HEADER_SIZE) this.#fail(`an event does not fit into its block of ${blockLength} bytes`);
    const code = view.getUint16(offset + 20, true);
    // Types of newer producers cannot be read, and nobody asks for them.
    if (code >= EVENTS.length) return false;
    const length = view.getInt32(offset + 16, true);
    if (length < EVENT_HEADER_SIZE || length > space)
      this.#fail(`an event of ${length >>> 0} bytes is in a block of ${space}`);
    const params = view.getInt32(offset + 22, true);
    const cpu = view.getUint16(start + BLOCK_HEAD, true);
    this.#stateOnly = prefix !== PLAIN_PREFIX && isStateOnly(view, offset);
    if (!this.#upgrade.isCurrent(code, params)) return this.#convert(sink, bytes, view, offset, cpu);
    return this.#hand(sink, bytes, view, offset, cpu);
  }

  /** Events about users and containers that a capture begins with, and those flagged so, only tell how things stand. */
  #hand(sink: Sink, bytes: Buffer, view: DataView, offset: number, cpu: number): true {
    this.#starting &&= INITIAL.has(view.getUint16(offset + 20, true));
    const isTaken =
      (this.#starting || this.#stateOnly) && sink.learn
        ? sink.learn(bytes, view, offset, cpu)
        : sink.event(bytes, view, offset, cpu);
    if (!isTaken) this.#failEvent(view, offset);
    return true;
  }

  #failEvent(view: DataView, offset: number): never {
    const { id } = EVENTS[view.getUint16(offset + 20, true)]!;
    this.#fail(`the parameters of an event ${id} exceed its ${view.getUint32(offset + 16, true)} bytes`);
  }

  #convert(sink: Sink, bytes: Buffer, view: DataView, offset: number, cpu: number): boolean {
    const upgrade = this.#upgrade;
    if (!upgrade.take(bytes, view, offset)) this.#failEvent(view, offset);
    try {
      if (!upgrade.run()) return false;
    } catch (error) {
      if (error instanceof UpgradeError) this.#fail(`an event of type ${error.message}`);
      throw error;
    }
    return this.#hand(sink, upgrade.bytes, upgrade.view, upgrade.offset, cpu);
  }

  /** Puts the number of parameters into the header, as newer records have it. */
  #readOldEvent(sink: Sink, start: number, blockLength: number, prefix: number): boolean {
    const { bytes, view } = this.#open;
    this.#checkTrailer(view, start, blockLength);
    const offset = start + BLOCK_HEAD + prefix;
    const space = start + blockLength - 4 - offset;
    if (space < OLD_HEADER_SIZE) this.#fail(`an event does not fit into its block of ${blockLength} bytes`);
    const code = view.getUint16(offset + 20, true);
    if (code >= EVENTS.length) return false;
    const cpu = view.getUint16(start + BLOCK_HEAD, true);
    this.#stateOnly = prefix !== PLAIN_PREFIX && isStateOnly(view, offset);
    const record = this.#counted;
    const fault = record.take(bytes, view, offset, space, code);
    if (fault !== undefined) this.#fail(fault);
    if (!this.#upgrade.isCurrent(code, record.params))
      return this.#convert(sink, record.bytes, record.view, 0, cpu);
    return this.#hand(sink, record.bytes, record.view, 0, cpu);
  }

  /** A block that holds no event; unknown ones are skipped. */
  #readOther(sink: Sink): void {
    const window = this.#open;
    const { bytes, view, start } = window;
    const type = this.#blockType;
    const length = this.#blockLength(view, start);
    const kind = SEED_BLOCKS.get(type);
    if (type === SECTION_HEADER) this.#readSectionHeader(sink, length);
    else if (kind) {
      this.#checkTrailer(view, start, length);
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

  #checkTrailer(view: DataView, start: number, length: number): void {
    const trailer = view.getInt32(start + length - 4, true);
    if (trailer !== length)
      this.#fail(`a block says ${length} bytes at its start and ${trailer >>> 0} at its end`);
  }

  #fail(reason: string, cause?: unknown): never {
    throw captureFault(this.#file, this.#window?.position ?? 0, reason, cause);
  }
}
