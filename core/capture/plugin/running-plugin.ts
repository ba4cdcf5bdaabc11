import { FalcoError } from "../../errors.ts";
import type { EventCursor } from "../../event/cursor.ts";
import type { Sink, Source } from "../../event/source.ts";
import type { FieldClass } from "../../fields/field.ts";
import { EVENT } from "../../schema/event-codes.ts";
import { VERSIONS } from "../../versions.ts";
import { AsyncEvents } from "./async-events.ts";
import { EventInput } from "./event-input.ts";
import { PLUGIN_DATA } from "./event-record.ts";
import { acceptedCodes, codesAt, type Extraction, extractedFields } from "./extract.ts";
import { numbersOf, type PluginLibrary, textAt } from "./library.ts";
import { metricsAt } from "./metrics.ts";
import { NativeBlock, nativeText } from "./native-block.ts";
import { openParamsOf } from "./open-params.ts";
import { PluginOwner } from "./owner.ts";
import type { OpenedCapture, OpenParam, PluginMetric, PluginStart, RunningPlugin } from "./plugin.ts";
import { RC, SharedPluginSource } from "./plugin-source.ts";
import { Routines } from "./routines.ts";
import type { SharedPlugin } from "./shared-plugin.ts";
import { fillTables, tablesOf } from "./tables/shared-tables.ts";
import type { TableFunctions } from "./tables/table-functions.ts";

/** ss_plugin_init_input: | configuration* | owner* | last error() | tables* | log() | */
const INIT = { size: 40, config: 0, owner: 8, error: 16, tables: 24, log: 32 };

/**
 * ss_plugin_event_parse_input:
 *   | owner* | last error() | 10 old functions of tables | reading functions of tables* | writing functions* |
 */
const PARSE = { size: 112, owner: 0, error: 8, oldReading: 16, oldWriting: 48, reading: 96, writing: 104 };
/** ss_plugin_capture_listen_input: | owner* | routines* | reading functions of tables* | writing* | last error() | */
const LISTEN = { size: 40, owner: 0, routines: 8, reading: 16, writing: 24, error: 32 };

/** What plugins are shown of an event's data where they have no words of their own for it, in bytes. */
const SHOWN_DATA = 50;
const DEFAULT_EVENT_SCHEMA = "3.0.0";

/** A plugin of a shared object that was started: its state, and what it does on request. */
export class RunningSharedPlugin implements RunningPlugin {
  readonly fields: readonly FieldClass[];
  readonly open: RunningPlugin["open"];
  readonly parse: RunningPlugin["parse"];
  readonly between: RunningPlugin["between"];
  readonly #plugin: SharedPlugin;
  readonly #library: PluginLibrary;
  readonly #log: PluginStart["log"];
  readonly #owner = new PluginOwner();
  readonly #events = new EventInput();
  /** Absent for plugins that neither read nor parse events. */
  readonly #tables: TableFunctions | undefined;
  readonly #routines: Routines | undefined;
  readonly #listen = new NativeBlock(LISTEN.size);
  #async: AsyncEvents | undefined;
  /** The plugin asks its owner why a request for a table failed. */
  readonly #hear = (reason: string): void => {
    this.#owner.lastError = reason;
  };
  #state = 0;

  constructor(plugin: SharedPlugin, library: PluginLibrary, start: PluginStart) {
    this.#plugin = plugin;
    this.#library = library;
    this.#log = start.log;
    const { source, extracts, parses, injects, listens } = plugin.abilities;
    this.#tables = extracts || parses || listens ? tablesOf(start.state) : undefined;
    this.#tables?.join(this.#hear);
    this.#init(start.config);
    this.fields = this.#extractedFields();
    if (source) this.open = (params) => this.#open(params);
    if (parses) this.parse = this.#parser(parses);
    this.#routines = listens ? new Routines(() => this.#state) : undefined;
    if (injects || listens) this.between = (sink) => this.#between(sink);
  }

  #init(config: string): void {
    const text = nativeText(config);
    const input = new NativeBlock(INIT.size);
    const { address, functions } = this.#owner;
    input.setAddress(INIT.config, text.address);
    input.setAddress(INIT.owner, address);
    input.setAddress(INIT.error, functions.lastError);
    input.setAddress(INIT.log, functions.log);
    input.setAddress(INIT.tables, this.#tables?.init ?? 0);
    const rc = new Int32Array(1);
    this.#state = this.#library.call("init", input.bytes, rc);
    this.#afterCall();
    if (rc[0] !== RC.success) this.#refuse(this.#lastError() || "it gives no reason");
    this.#checkEventSchema();
  }

  #refuse(reason: string): never {
    const { name } = this.#plugin.info;
    this.destroy();
    throw new FalcoError("PLUGIN_INIT", `Cannot start plugin ${name} from ${this.#library.path}: ${reason}`, {
      hint: `check its init_config; falco --plugin-info ${name} describes it`,
    });
  }

  #lastError(): string {
    return this.#state === 0 ? "" : textAt(this.#library.call("get_last_error", this.#state));
  }

  #afterCall(): void {
    this.#tables?.settle();
    this.#takeLog();
  }

  #takeLog(): void {
    this.#owner.takeLog(this.#plugin.info.name, this.#log);
  }

  /** Plugins that read records of system calls have to know the layout that these have. */
  #checkEventSchema(): void {
    const { parses, extracts } = this.#plugin.abilities;
    const codes = [
      ...(parses ? this.#codes("get_parse_event_types", parses).entries() : []),
      ...(extracts ? this.#codes("get_extract_event_types", extracts).entries() : []),
    ];
    if (!codes.some(([code, wanted]) => wanted === 1 && code !== EVENT.PLUGINEVENT_E)) return;
    const library = this.#library;
    const named = library.has("get_required_event_schema_version")
      ? textAt(library.call("get_required_event_schema_version", this.#state))
      : "";
    const wanted = numbersOf(named || DEFAULT_EVENT_SCHEMA) ?? [0, 0, 0];
    const have = numbersOf(VERSIONS.driverSchema)!;
    const fits =
      wanted[0] === have[0] && (wanted[1] < have[1] || (wanted[1] === have[1] && wanted[2] <= have[2]));
    if (!fits)
      this.#refuse(
        `it reads records of version ${named || DEFAULT_EVENT_SCHEMA}, and those here have ${VERSIONS.driverSchema}`,
      );
  }

  /** Codes of the events that it wants, as a table of ones. */
  #codes(
    symbol: "get_extract_event_types" | "get_parse_event_types",
    sources: readonly string[],
  ): Uint8Array {
    const count = new Uint32Array(1);
    const address = this.#library.has(symbol) ? this.#library.call(symbol, count, this.#state) : 0;
    const readsSyscalls = sources.length === 0 || sources.includes("syscall");
    return acceptedCodes(codesAt(address, count[0]!), readsSyscalls, EVENT.PLUGINEVENT_E);
  }

  #extractedFields(): FieldClass[] {
    const { extracts } = this.#plugin.abilities;
    if (!extracts) return [];
    const extraction: Extraction = {
      state: this.#state,
      extract: this.#library.function("extract_fields") as Extraction["extract"],
      events: this.#events,
      accepts: this.#codes("get_extract_event_types", extracts),
      sources: extracts,
      fillOwner: (block, at) => {
        block.setAddress(0, this.#owner.address);
        block.setAddress(8, this.#owner.functions.lastError);
        fillTables(this.#tables, block, { oldReading: at.oldTables, reading: at.tables });
      },
      afterCall: () => this.#tables?.settle(),
    };
    return this.#plugin.fields.map((one) => ({ ...one, fields: extractedFields(one.fields, extraction) }));
  }

  #parser(sources: readonly string[]): NonNullable<RunningPlugin["parse"]> {
    const parse = this.#library.function("parse_event");
    const wanted = this.#codes("get_parse_event_types", sources);
    const input = new NativeBlock(PARSE.size);
    input.setAddress(PARSE.owner, this.#owner.address);
    input.setAddress(PARSE.error, this.#owner.functions.lastError);
    fillTables(this.#tables, input, PARSE);
    return ({ event, state }) => {
      const { sourceName } = state;
      if (wanted[event.code] !== 1 || sourceName === undefined) return;
      if (sources.length > 0 && !sources.includes(sourceName)) return;
      parse(this.#state, this.#events.show(event, sourceName), input.address);
      this.#tables?.settle();
    };
  }

  opened({ id, source, isLive }: OpenedCapture): void {
    const { injects, injected, listens } = this.#plugin.abilities;
    if (listens) this.#capture("capture_open");
    if (!isLive || !injects || (injects.length > 0 && !injects.includes(source))) return;
    const { name } = this.#plugin.info;
    this.#async = new AsyncEvents(this.#library, this.#state, {
      owner: this.#owner,
      names: injected,
      id,
      log: (level, message) => this.#log(level, `${name}: ${message}`),
    });
  }

  #capture(symbol: "capture_open" | "capture_close"): void {
    const input = this.#listen;
    input.setAddress(LISTEN.owner, this.#owner.address);
    input.setAddress(LISTEN.routines, this.#routines?.address ?? 0);
    input.setAddress(LISTEN.error, this.#owner.functions.lastError);
    fillTables(this.#tables, input, LISTEN);
    const rc = this.#library.call(symbol, this.#state, input.bytes);
    this.#afterCall();
    if (rc === RC.success) return;
    const { name } = this.#plugin.info;
    throw new FalcoError(
      "PLUGIN_CAPTURE",
      `Cannot go on: plugin ${name} fails in ${symbol}: ${this.#lastError()}`,
      {
        hint: "the reason is the plugin's own; check its init_config",
      },
    );
  }

  #between(sink: Sink): number {
    this.#routines?.run();
    this.#tables?.settle();
    const count = this.#async?.hand(sink) ?? 0;
    this.#takeLog();
    return count;
  }

  closed(): void {
    this.#async?.close();
    this.#async = undefined;
    if (this.#plugin.abilities.listens) this.#capture("capture_close");
  }

  /** One line about an event of its source. */
  describe(event: EventCursor): string {
    const library = this.#library;
    const { source } = this.#plugin;
    const own =
      source && library.has("event_to_string")
        ? textAt(library.call("event_to_string", this.#state, this.#events.show(event, source.name)))
        : "";
    return own || dataText(event.slice(PLUGIN_DATA));
  }

  openParams(): readonly OpenParam[] {
    if (!this.#library.has("list_open_params")) return [];
    const rc = new Int32Array(1);
    const text = textAt(this.#library.call("list_open_params", this.#state, rc));
    this.#takeLog();
    return rc[0] === RC.success ? openParamsOf(text) : [];
  }

  #open(params: string): Source {
    const { info, abilities } = this.#plugin;
    const library = this.#library;
    const nextBatch = library.function("next_batch");
    return new SharedPluginSource(
      {
        plugin: info.name,
        name: abilities.source!.name,
        id: abilities.source!.id,
        open: (text, rc) => library.call("open", this.#state, text, rc),
        nextBatch: (instance, count, events) => nextBatch(this.#state, instance, count, events) ?? 0,
        close: (instance) => void library.call("close", this.#state, instance),
        lastError: () => this.#lastError() || "it gives no reason",
        afterCall: () => this.#takeLog(),
      },
      params,
    );
  }

  metrics(): readonly PluginMetric[] {
    const library = this.#library;
    if (!library.has("get_metrics")) return [];
    const count = new Uint32Array(1);
    const address = library.call("get_metrics", this.#state, count);
    this.#takeLog();
    return metricsAt(address, count[0]!);
  }

  destroy(): void {
    if (this.#state !== 0) this.#library.call("destroy", this.#state);
    this.#state = 0;
    this.#takeLog();
    this.#routines?.close();
    this.#tables?.leave(this.#hear);
    this.#owner.close();
  }
}

/** An event's data where the plugin says nothing of them: as text, if they are. */
function dataText(data: Buffer): string {
  const shown = data.subarray(0, SHOWN_DATA).toString("latin1");
  const text = /^[\x20-\x7e]*$/.test(shown) ? shown + (data.length > SHOWN_DATA ? "..." : "") : "<binary>";
  return `datalen=${data.length} data=${text}`;
}
