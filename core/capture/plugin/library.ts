import { CFunction, CString, FFIType, type Pointer } from "bun:ffi";
import { FalcoError } from "../../errors.ts";
import { libc } from "../../ffi/libc.ts";
import { VERSIONS } from "../../versions.ts";

const { ptr, i32, u32 } = FFIType;

/**
 * The functions of the plugin API (falcosecurity/libs, userspace/plugin/plugin_api.h, 3.12); each is exported with
 * `plugin_` in front. `s` below is the plugin's state, `h` an opened source.
 */
const FUNCTIONS = {
  get_required_api_version: { args: [], returns: ptr },
  get_name: { args: [], returns: ptr },
  get_description: { args: [], returns: ptr },
  get_contact: { args: [], returns: ptr },
  get_version: { args: [], returns: ptr },
  /** (type*) */
  get_init_schema: { args: [ptr], returns: ptr },
  /** (input*, rc*) */
  init: { args: [ptr, ptr], returns: ptr },
  destroy: { args: [ptr], returns: FFIType.void },
  get_last_error: { args: [ptr], returns: ptr },
  get_id: { args: [], returns: u32 },
  get_event_source: { args: [], returns: ptr },
  /** (s, params, rc*) */
  open: { args: [ptr, ptr, ptr], returns: ptr },
  /** (s, h) */
  close: { args: [ptr, ptr], returns: FFIType.void },
  /** (s, h, count*, events**) */
  next_batch: { args: [ptr, ptr, ptr, ptr], returns: i32 },
  /** (s, h, percent*) */
  get_progress: { args: [ptr, ptr, ptr], returns: ptr },
  /** (s, rc*) */
  list_open_params: { args: [ptr, ptr], returns: ptr },
  /** (s, event*) */
  event_to_string: { args: [ptr, ptr], returns: ptr },
  get_fields: { args: [], returns: ptr },
  get_extract_event_sources: { args: [], returns: ptr },
  /** (count*, s) */
  get_extract_event_types: { args: [ptr, ptr], returns: ptr },
  /** (s, event*, input*) */
  extract_fields: { args: [ptr, ptr, ptr], returns: i32 },
  get_parse_event_sources: { args: [], returns: ptr },
  /** (count*, s) */
  get_parse_event_types: { args: [ptr, ptr], returns: ptr },
  /** (s, event*, input*) */
  parse_event: { args: [ptr, ptr, ptr], returns: i32 },
  get_async_event_sources: { args: [], returns: ptr },
  get_async_events: { args: [], returns: ptr },
  /** (s, owner, handler) */
  set_async_event_handler: { args: [ptr, ptr, ptr], returns: i32 },
  /** (s, count*) */
  get_metrics: { args: [ptr, ptr], returns: ptr },
  /** (s, input*) */
  capture_open: { args: [ptr, ptr], returns: i32 },
  /** (s, input*) */
  capture_close: { args: [ptr, ptr], returns: i32 },
  get_required_event_schema_version: { args: [ptr], returns: ptr },
} as const;

type Name = keyof typeof FUNCTIONS;
/** Addresses are numbers; views are passed as the address of their first byte, null as none. */
export type Argument = number | NodeJS.TypedArray | null;
/** A null address comes back as null. */
type Call = (...args: Argument[]) => number | null;

/** What every plugin exports. */
const REQUIRED: readonly Name[] = [
  "get_required_api_version",
  "get_version",
  "get_name",
  "get_description",
  "get_contact",
  "init",
  "destroy",
  "get_last_error",
];

/** Functions that only make sense with another. */
const DEMANDS: readonly (readonly [has: Name, needs: Name])[] = [
  ["open", "close"],
  ["close", "next_batch"],
  ["next_batch", "open"],
  ["extract_fields", "get_fields"],
  ["set_async_event_handler", "get_async_events"],
  ["capture_open", "capture_close"],
];

const RTLD_NOW = 2;

/** A text as C has it. */
export const cText = (text: string): Buffer => Buffer.from(`${text}\0`);

/** The text at an address; empty for none. */
export const textAt = (address: number): string =>
  address === 0 ? "" : new CString(address as Pointer).toString();

/** A plugin's shared object: its functions, checked to be the ones a plugin must have, of a version that fits. */
export class PluginLibrary {
  readonly path: string;
  readonly #name: string;
  readonly #functions = new Map<Name, Call>();

  /** `name` is the configuration's. Throws a FalcoError that says what is wrong with the file. */
  constructor(name: string, path: string) {
    this.#name = name;
    this.path = path;
    const handle = Number(libc().dlopen(cText(path), RTLD_NOW));
    if (handle === 0) {
      const missing = textAt(Number(libc().dlerror() ?? 0));
      throw this.error(missing, "check library_path; install a plugin with falco artifact install");
    }
    for (const [symbol, signature] of Object.entries(FUNCTIONS)) {
      const address = Number(libc().dlsym(handle, cText(`plugin_${symbol}`)));
      if (address === 0) continue;
      const call: unknown = CFunction({ ...signature, ptr: address as Pointer });
      this.#functions.set(symbol as Name, call as Call);
    }
    this.#check();
  }

  #check(): void {
    const lacking = REQUIRED.find((symbol) => !this.has(symbol));
    if (lacking) {
      throw this.error(`it does not export plugin_${lacking}`, "check that the file is a Falco plugin");
    }
    this.#checkVersion();
    for (const [has, needs] of DEMANDS) {
      if (this.has(has) && !this.has(needs))
        throw this.error(`it exports plugin_${has} without plugin_${needs}`, "ask the plugin's author");
    }
  }

  #checkVersion(): void {
    const wanted = this.text("get_required_api_version");
    const [major, minor, patch] = numbersOf(wanted) ?? [];
    const [ownMajor, ownMinor, ownPatch] = numbersOf(VERSIONS.pluginApi)!;
    const fits = major === ownMajor && (minor! < ownMinor || (minor === ownMinor && patch! <= ownPatch));
    if (fits) return;
    throw this.error(
      `it wants version "${wanted}" of the plugin API, and this program has ${VERSIONS.pluginApi}`,
      major !== undefined && major < ownMajor
        ? "install a newer version of the plugin"
        : "install an older one",
    );
  }

  has(name: Name): boolean {
    return this.#functions.has(name);
  }

  /** A function that the plugin is known to have, for where calls are many. */
  function(name: Name): Call {
    return this.#functions.get(name)!;
  }

  /** Calls a function that the plugin is known to have. */
  call(name: Name, ...args: Argument[]): number {
    return this.function(name)(...args) ?? 0;
  }

  /** What a function that takes nothing says; empty without it. */
  text(name: Name): string {
    return textAt(this.#functions.get(name)?.() ?? 0);
  }

  /** A JSON list of texts that a function gives; empty without it. Throws for anything else. */
  list(name: Name): string[] {
    const text = this.text(name);
    if (text === "") return [];
    const list = this.json(name, text);
    if (!Array.isArray(list))
      throw this.error(`plugin_${name} gives no JSON list`, "ask the plugin's author");
    return list.map(String).filter((item) => item !== "");
  }

  json(name: Name, text: string): unknown {
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw this.error(`what plugin_${name} gives is not JSON`, "ask the plugin's author", cause);
    }
  }

  /** Why the plugin can't be used. */
  error(reason: string, hint: string, cause?: unknown): FalcoError {
    return new FalcoError("PLUGIN_LOAD", `Cannot load plugin ${this.#name} from ${this.path}: ${reason}`, {
      hint,
      cause,
    });
  }
}

/** The three numbers of a version. */
export function numbersOf(version: string): [number, number, number] | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)/.exec(version);
  return match ? [Number(match[1]), Number(match[2]), Number(match[3])] : undefined;
}
