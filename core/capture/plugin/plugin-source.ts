// hot path
import { type Pointer, read } from "bun:ffi";
import { cpus, hostname, totalmem } from "node:os";
import { FalcoError } from "../../errors.ts";
import { EVENT_HEADER_SIZE, type Sink, type Source, type SourceStats } from "../../event/source.ts";
import { libc } from "../../ffi/libc.ts";
import { EVENT } from "../../schema/event-codes.ts";
import { EVENTS } from "../../schema/events.ts";
import { PLUGIN_ID_AT } from "./event-record.ts";
import { cText } from "./library.ts";
import { NativeBlock } from "./native-block.ts";

/** ss_plugin_rc */
export const RC = { success: 0, failure: 1, timeout: -1, end: 2 } as const;

const FIRST_BYTES = 64 << 10;
/** A plugin that has nothing and says so at once is asked again after so many milliseconds. */
const PAUSE_MS = 10;
const UNSET = 0xffff_ffff;
const TID_AT = 8;
const LENGTH_AT = 16;
const CODE_AT = 20;
const PARAMS_AT = 22;

/** The parts of a plugin that its source consists of. */
export interface SourceParts {
  readonly plugin: string;
  /** Its event source, and the number of its events; 0 for one that brings events of system calls. */
  readonly name: string;
  readonly id: number;
  readonly open: (params: Buffer, rc: Int32Array) => number;
  readonly nextBatch: (instance: number, count: Uint32Array, events: BigUint64Array) => number;
  readonly close: (instance: number) => void;
  readonly lastError: () => string;
  /** Runs after every call: takes what the plugin has logged. */
  readonly afterCall: () => void;
}

/** The event source of a shared object. The plugin may block the thread while it has nothing. */
export class SharedPluginSource implements Source {
  readonly name: string;
  readonly #parts: SourceParts;
  readonly #params: string;
  #instance = 0;
  #opened = false;
  #last: number = RC.success;
  #seen = 0;
  readonly #count = new Uint32Array(1);
  readonly #events = new BigUint64Array(1);
  /** The current event: plugins may not be written to, and some values are filled in. */
  #record = new NativeBlock(FIRST_BYTES);

  constructor(parts: SourceParts, params: string) {
    this.name = parts.name;
    this.#parts = parts;
    this.#params = params;
  }

  open(sink: Sink): void {
    const { open, lastError, afterCall, plugin } = this.#parts;
    const rc = new Int32Array(1);
    this.#instance = open(cText(this.#params), rc);
    afterCall();
    if (rc[0] !== RC.success) {
      throw new FalcoError(
        "PLUGIN_OPEN",
        `Cannot open the source ${this.name}: plugin ${plugin} refuses "${this.#params}": ${lastError()}`,
        { hint: `check open_params; falco --plugin-info ${plugin} may suggest some` },
      );
    }
    this.#opened = true;
    sink.machine({
      hostname: hostname(),
      cpus: cpus().length,
      memoryBytes: BigInt(totalmem()),
      bootTime: 0n,
    });
  }

  pump(sink: Sink): number | Promise<number> {
    if (this.#last === RC.end) return -1;
    if (this.#last !== RC.success && this.#last !== RC.timeout) this.#fail(this.#parts.lastError());
    const asked = performance.now();
    this.#last = this.#parts.nextBatch(this.#instance, this.#count, this.#events);
    this.#parts.afterCall();
    const count = this.#count[0]!;
    const list = count === 0 ? 0 : Number(this.#events[0]);
    for (let i = 0; i < count; i++) this.#hand(sink, read.ptr(list as Pointer, i * 8));
    this.#seen += count;
    if (count > 0) return count;
    if (this.#last === RC.end) return -1;
    if (this.#last === RC.success) this.#fail("it gave no events and no reason");
    if (this.#last !== RC.timeout) this.#fail(this.#parts.lastError());
    return performance.now() - asked < 1 ? Bun.sleep(PAUSE_MS).then(() => 0) : 0;
  }

  #hand(sink: Sink, address: number): void {
    const length = read.u32(address as Pointer, LENGTH_AT);
    if (length < EVENT_HEADER_SIZE) this.#fail(`it gave an event of ${length} bytes`);
    if (length > this.#record.bytes.length) this.#record = new NativeBlock(length * 2);
    const { view, bytes, address: own } = this.#record;
    libc().memcpy(own as Pointer, address, length);
    const code = view.getUint16(CODE_AT, true);
    if (code >= EVENTS.length) this.#fail(`it gave an event of the unknown type ${code}`);
    if (this.#parts.id !== 0 || code === EVENT.PLUGINEVENT_E) this.#own(view, code);
    if (view.getUint32(0, true) === UNSET && view.getUint32(4, true) === UNSET) {
      view.setBigUint64(0, BigInt(Date.now()) * 1_000_000n, true);
    }
    sink.event(bytes, view, 0, 0);
  }

  /** An event of the plugin's own source: nobody else's number, and no thread. */
  #own(view: DataView, code: number): void {
    if (code !== EVENT.PLUGINEVENT_E || view.getUint32(PARAMS_AT, true) !== 2)
      this.#fail(`it gave an event of type ${code}, which is not for plugins with a source of their own`);
    const id = view.getUint32(PLUGIN_ID_AT, true);
    if (id === 0) view.setUint32(PLUGIN_ID_AT, this.#parts.id, true);
    else if (id !== this.#parts.id && this.#parts.id !== 0)
      this.#fail(`it gave an event of plugin ${id}, and is plugin ${this.#parts.id}`);
    view.setUint32(TID_AT, UNSET, true);
    view.setUint32(TID_AT + 4, UNSET, true);
  }

  #fail(reason: string): never {
    const { plugin } = this.#parts;
    throw new FalcoError(
      "PLUGIN_SOURCE",
      `Cannot go on with the source ${this.name}: plugin ${plugin} failed: ${reason}`,
      { hint: "the reason is the plugin's own; check its open_params and what it reads from" },
    );
  }

  stats(): SourceStats {
    return { seen: this.#seen, dropped: {} };
  }

  close(): void {
    if (!this.#opened) return;
    this.#opened = false;
    this.#parts.close(this.#instance);
    this.#parts.afterCall();
  }
}
