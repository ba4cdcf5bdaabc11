import type { Sink } from "../../event/source.ts";
import { EVENT_HEADER_SIZE } from "../../event/source.ts";
import type { LibsLevel } from "../../log.ts";
import { EVENT } from "../../schema/event-codes.ts";
import type { PluginLibrary } from "./library.ts";
import type { NativeBlock } from "./native-block.ts";
import { MAX_ASYNC_EVENT, type PluginOwner } from "./owner.ts";

/** ASYNCEVENT_E: | header | 3 lengths u32 | plugin u32 | name, closed by 0 | data | */
const PARAMS = 3;
const ID_AT = EVENT_HEADER_SIZE + PARAMS * 4;
const NAME_AT = ID_AT + 4;
const UNSET = 0xffff_ffff;

/** The events that a plugin makes by itself, in threads of its own, while a capture is open. */
export class AsyncEvents {
  readonly #library: PluginLibrary;
  readonly #state: number;
  readonly #owner: PluginOwner;
  readonly #names: ReadonlySet<string>;
  readonly #log: (level: LibsLevel, message: string) => void;
  /** The number of the plugin whose source is open: they belong to that source. */
  readonly #id: number;

  /** From now on the plugin may send events. Throws a FalcoError when it does not want to. */
  constructor(
    library: PluginLibrary,
    state: number,
    {
      owner,
      names,
      id,
      log,
    }: {
      readonly owner: PluginOwner;
      readonly names: readonly string[];
      readonly id: number;
      readonly log: (level: LibsLevel, message: string) => void;
    },
  ) {
    this.#library = library;
    this.#state = state;
    this.#owner = owner;
    this.#names = new Set(names);
    this.#id = id;
    this.#log = log;
    const handler = owner.acceptEvents();
    if (library.call("set_async_event_handler", state, owner.address, handler) !== 0)
      throw library.error("it refuses to send events", "ask the plugin's author");
  }

  /** Hands over what the plugin has sent since the last time; returns the number of events. */
  hand(sink: Sink): number {
    let count = 0;
    this.#owner.takeEvents((record, length) => {
      const fault = this.#faultOf(record, length);
      if (fault !== undefined) return this.#log("error", `event not taken: ${fault}`);
      const { view, bytes } = record;
      view.setUint32(ID_AT, this.#id, true);
      if (view.getUint32(0, true) === UNSET && view.getUint32(4, true) === UNSET)
        view.setBigUint64(0, BigInt(Date.now()) * 1_000_000n, true);
      sink.event(bytes, view, 0, 0);
      count++;
    });
    return count;
  }

  #faultOf({ view, bytes }: NativeBlock, length: number): string | undefined {
    if (length === 0) return `it has more than ${MAX_ASYNC_EVENT} bytes`;
    const fits = length > NAME_AT && view.getUint32(16, true) === length;
    const code = view.getUint16(20, true);
    if (!fits || code !== EVENT.ASYNCEVENT_E || view.getUint32(22, true) !== PARAMS)
      return `it is of type ${code}, or malformed`;
    const end = bytes.indexOf(0, NAME_AT);
    const name = bytes.toString("utf8", NAME_AT, end < 0 || end > length ? length : end);
    return this.#names.has(name) ? undefined : `"${name}" is not among the names that it declared`;
  }

  /** Ends it: the plugin's threads have stopped sending when this returns. */
  close(): void {
    this.#owner.refuseEvents();
    this.#library.call("set_async_event_handler", this.#state, this.#owner.address, null);
  }
}
