import type { FieldClass } from "../../fields/field.ts";
import { checkConfig } from "./check-config.ts";
import { declaredClass } from "./declared-fields.ts";
import { numbersOf, PluginLibrary, textAt } from "./library.ts";
import type { Plugin, PluginEventSource, PluginInfo, PluginStart, RunningPlugin } from "./plugin.ts";
import { RunningSharedPlugin } from "./running-plugin.ts";

const SYSCALL = "syscall";
/** ss_plugin_schema_type */
const SCHEMA_JSON = 1;

/** What a shared object says it can do, and on which events. */
export interface Abilities {
  /** Has a source: its own, or, with the number 0, that of system calls. */
  readonly source: PluginEventSource | undefined;
  /** Event sources by what it does with their events; undefined where it does nothing, empty for all. */
  readonly extracts: readonly string[] | undefined;
  readonly parses: readonly string[] | undefined;
  readonly injects: readonly string[] | undefined;
  /** Names of the events that it injects. */
  readonly injected: readonly string[];
  readonly listens: boolean;
}

/** A plugin in a shared object. */
export class SharedPlugin implements Plugin {
  readonly info: PluginInfo;
  readonly fields: readonly FieldClass[];
  readonly abilities: Abilities;
  readonly #library: PluginLibrary;

  /** `name` is the configuration's. Throws a FalcoError that says why the file is no plugin that can be used. */
  constructor(name: string, path: string) {
    const library = new PluginLibrary(name, path);
    this.#library = library;
    this.abilities = abilitiesOf(library);
    this.info = infoOf(library, this.abilities);
    const { extracts } = this.abilities;
    const { name: own, description } = this.info;
    this.fields = extracts ? [declaredClass(library, { name: own, description, sources: extracts })] : [];
  }

  get source(): PluginEventSource | undefined {
    return this.abilities.source?.id === 0 ? undefined : this.abilities.source;
  }

  get eventNames(): readonly string[] {
    return this.abilities.injected;
  }

  get bringsSyscalls(): boolean {
    return this.abilities.source?.id === 0;
  }

  concerns(source: string): boolean {
    const { extracts, parses, injects } = this.abilities;
    if (this.bringsSyscalls && source === SYSCALL) return true;
    return [extracts, parses, injects].some(
      (sources) => sources !== undefined && (sources.length === 0 || sources.includes(source)),
    );
  }

  start(start: PluginStart): RunningPlugin {
    const config = checkConfig(this.info, start.config);
    return new RunningSharedPlugin(this, this.#library, { ...start, config });
  }
}

function abilitiesOf(library: PluginLibrary): Abilities {
  const has = library.has.bind(library);
  const source = has("open") ? sourceOf(library) : undefined;
  // A plugin with a source of its own always has to do with that.
  const sources = (name: Parameters<typeof library.list>[0]): string[] => {
    const own = source && source.id !== 0 ? [source.name] : [];
    return [...new Set([...library.list(name), ...own])];
  };
  const abilities = {
    source,
    extracts: has("extract_fields") ? sources("get_extract_event_sources") : undefined,
    parses: has("parse_event") ? sources("get_parse_event_sources") : undefined,
    injects: has("set_async_event_handler") ? sources("get_async_event_sources") : undefined,
    injected: has("set_async_event_handler") ? library.list("get_async_events") : [],
    listens: has("capture_open"),
  };
  const { extracts, parses, injects, listens } = abilities;
  if (!source && !extracts && !parses && !injects && !listens)
    throw library.error("it has no source, no fields and nothing else", "ask the plugin's author");
  return abilities;
}

function sourceOf(library: PluginLibrary): PluginEventSource {
  const id = library.has("get_id") ? library.call("get_id") >>> 0 : 0;
  const name = library.text("get_event_source");
  if (id === 0 && name === "") return { name: SYSCALL, id: 0 };
  if (id !== 0 && name !== "" && name !== SYSCALL) return { name, id };
  const what =
    name === SYSCALL
      ? `it takes the name "${SYSCALL}"`
      : "it has a number without a source, or one without the other";
  throw library.error(what, "ask the plugin's author");
}

function infoOf(
  library: PluginLibrary,
  { source, extracts, parses, injects, listens }: Abilities,
): PluginInfo {
  const version = library.text("get_version");
  if (!numbersOf(version)) throw library.error(`its version "${version}" is none`, "ask the plugin's author");
  const sourcing = source && (source.id === 0 ? "system events" : `ID=${source.id}, source='${source.name}'`);
  const schema = schemaOf(library);
  return {
    name: library.text("get_name"),
    description: library.text("get_description"),
    contact: library.text("get_contact"),
    version,
    capabilities: [
      ...(sourcing ? [`Event Sourcing (${sourcing})`] : []),
      ...(extracts ? ["Field Extraction"] : []),
      ...(parses ? ["Event Parsing"] : []),
      ...(injects ? ["Async Events"] : []),
      ...(listens ? ["Capture Listening"] : []),
    ],
    ...(schema ? { initSchema: schema } : {}),
  };
}

function schemaOf(library: PluginLibrary): object | undefined {
  if (!library.has("get_init_schema")) return undefined;
  const type = new Int32Array(1);
  const address = library.call("get_init_schema", type);
  if (type[0] !== SCHEMA_JSON || address === 0) return undefined;
  const text = textAt(address);
  if (text === "") return undefined;
  const schema = library.json("get_init_schema", text);
  if (typeof schema !== "object" || schema === null)
    throw library.error("its configuration's schema is no JSON object", "ask the plugin's author");
  return schema;
}
