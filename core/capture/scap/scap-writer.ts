// hot path
import { closeSync, openSync, writeSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { FalcoError, reasonOf } from "../../errors.ts";
import type {
  FdSeed,
  GroupSeed,
  InterfaceSeed,
  MachineInfo,
  Sink,
  ThreadSeed,
  UserSeed,
} from "../../event/source.ts";
import { EF } from "../../schema/event-row.ts";
import { EVENTS } from "../../schema/events.ts";
import { BlockBuffer } from "./block-buffer.ts";
import { BLOCK, BYTE_ORDER_MAGIC, FORMAT_MAJOR, FORMAT_MINOR, SECTION_HEADER } from "./blocks.ts";
import { writeFd, writeGroup, writeInterface, writeMachine, writeThread, writeUser } from "./seed-writer.ts";

export interface ScapWriterOptions {
  readonly compress: boolean;
}

const FLUSH_AT = 1 << 20;
/** Half the time of the default level, and a tenth more bytes. */
const GZIP_LEVEL = 4;
/** Blocks of other types hold no more than this. */
const SMALL_BLOCK = 0xffff;
const BLOCK_OVERHEAD = 14;
const LARGE = Uint8Array.from(EVENTS, (e) => (e.flags & EF.LARGE_PAYLOAD ? 1 : 0));

type ListType = (typeof BLOCK)["THREADS" | "FDS" | "INTERFACES" | "USERS"];

/**
 * Writes a capture file: whatever a source feeds, it feeds the same again when it is read. Memory is constant;
 * what has gathered goes to the file by the MiB, as a gzip member of its own, so that a file that was cut off
 * is good up to there. Writing is synchronous: who records wants the events, and not a queue of them.
 */
export class ScapWriter implements Sink {
  readonly path: string;
  readonly #compress: boolean;
  readonly #out = new BlockBuffer(FLUSH_AT + (1 << 18));
  #file: number | undefined;
  #written = 0;
  #events = 0;
  /** The list whose block is open, where it starts, and for descriptors whose they are. */
  #list: { readonly type: ListType; readonly start: number; readonly tid: number } | undefined;

  constructor(path: string, { compress }: ScapWriterOptions) {
    this.path = path;
    this.#compress = compress;
    try {
      // Captures hold command lines, environments and data: they are nobody else's business.
      this.#file = openSync(path, "w", 0o600);
    } catch (error) {
      throw new FalcoError("CAPTURE_WRITE", `Cannot write capture ${path}: ${reasonOf(error)}`, {
        hint: "name a file in a directory that exists and that you may write to",
        cause: error,
      });
    }
    this.#sectionHeader();
  }

  /** Bytes that are in the file or on their way to it; what is not compressed yet counts in full. */
  get bytes(): number {
    return this.#written + this.#out.length;
  }

  get events(): number {
    return this.#events;
  }

  event(bytes: Buffer, view: DataView, offset: number, cpu: number): boolean {
    this.#endList();
    const out = this.#out;
    const length = view.getUint32(offset + 16, true);
    const isLarge = LARGE[view.getUint16(offset + 20, true)] === 1 || length + BLOCK_OVERHEAD > SMALL_BLOCK;
    const block = out.beginBlock(isLarge ? BLOCK.EVENT_LARGE : BLOCK.EVENT);
    out.u16(cpu);
    out.copy(bytes, offset, offset + length);
    out.endBlock(block);
    this.#events++;
    if (out.length >= FLUSH_AT) this.flush();
    return true;
  }

  machine(info: MachineInfo): void {
    this.#endList();
    writeMachine(this.#out, info);
  }

  thread(seed: ThreadSeed): void {
    this.#inList(BLOCK.THREADS);
    writeThread(this.#out, seed);
  }

  fd(seed: FdSeed): void {
    this.#inList(BLOCK.FDS, seed.tid);
    writeFd(this.#out, seed);
  }

  user(seed: UserSeed): void {
    this.#inList(BLOCK.USERS);
    writeUser(this.#out, seed);
  }

  group(seed: GroupSeed): void {
    this.#inList(BLOCK.USERS);
    writeGroup(this.#out, seed);
  }

  interface(seed: InterfaceSeed): void {
    this.#inList(BLOCK.INTERFACES);
    writeInterface(this.#out, seed);
  }

  restart(): void {
    this.#endList();
    this.#sectionHeader();
  }

  #sectionHeader(): void {
    const out = this.#out;
    const block = out.beginBlock(SECTION_HEADER);
    out.u32(BYTE_ORDER_MAGIC);
    out.u16(FORMAT_MAJOR);
    out.u16(FORMAT_MINOR);
    // The section's length is not known before its end.
    out.u64(-1n);
    out.endBlock(block);
  }

  /** Makes sure that the block of the list is open, and that it does not become too large to read in one go. */
  #inList(type: ListType, tid = 0): void {
    const open = this.#list;
    if (open && open.type === type && open.tid === tid && this.#out.length - open.start < FLUSH_AT) return;
    this.#endList();
    if (this.#out.length >= FLUSH_AT) this.flush();
    this.#list = { type, start: this.#out.beginBlock(type), tid };
    if (type === BLOCK.FDS) this.#out.i64(tid);
  }

  #endList(): void {
    if (!this.#list) return;
    this.#out.endBlock(this.#list.start);
    this.#list = undefined;
  }

  /** Brings what has gathered to the file. */
  flush(): void {
    const out = this.#out;
    if (this.#file === undefined || out.length === 0 || this.#list) return;
    const bytes = this.#compress ? gzipSync(out.content, { level: GZIP_LEVEL }) : out.content;
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
    } catch (error) {
      throw new FalcoError("CAPTURE_WRITE", `Cannot write capture ${this.path}: ${reasonOf(error)}`, {
        hint: "make room on the file system or record less: a filter, a size limit, fewer files",
        cause: error,
      });
    }
    this.#written += bytes.length;
    out.clear();
  }

  close(): void {
    if (this.#file === undefined) return;
    this.#endList();
    try {
      this.flush();
    } finally {
      closeSync(this.#file);
      this.#file = undefined;
    }
  }
}
