import { readFileSync } from "node:fs";
import { parseDocument, stringify } from "yaml";
import { FalcoError, reasonOf } from "../../errors.ts";
import { nearest } from "../../nearest.ts";
import type { ConfigInfo, ConfigLayer, ConfigsBackend } from "./backend.ts";
import { writeWhole } from "./write-whole.ts";

const HEADER = "# Written by falco: settings made through its API, over those of the other files.\n";

type Tree = { [key: string]: unknown };

const isTree = (value: unknown): value is Tree =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Copies `patch` over `base` key by key; null takes a key away. Objects have no prototype: keys are data. */
function merged(base: ConfigLayer, patch: ConfigLayer): Tree {
  const result: Tree = Object.assign(Object.create(null), base);
  for (const key of Object.keys(patch)) {
    const value = patch[key];
    if (value === null) delete result[key];
    else if (isTree(value)) result[key] = merged(isTree(result[key]) ? (result[key] as Tree) : {}, value);
    else result[key] = value;
    if (isTree(result[key]) && Object.keys(result[key] as Tree).length === 0) delete result[key];
  }
  return result;
}

/** `a.b` and a value to `{a: {b: value}}`. */
function nested(key: string, value: unknown): Tree {
  const [first, ...rest] = key.split(".") as [string, ...string[]];
  const tree: Tree = Object.create(null);
  tree[first] = rest.length > 0 ? nested(rest.join("."), value) : value;
  return tree;
}

/** Whether `key` is `group` or lies within it. */
const within = (key: string, group: string) => key === group || key.startsWith(`${group}.`);

/** Reads a piece of YAML or JSON. Errors name the place; the text itself may hold secrets and is not shown. */
function parsed(text: string, what: string): unknown {
  const document = parseDocument(text, { prettyErrors: false });
  const [error] = document.errors;
  if (error) throw new FalcoError("API_INVALID", `Cannot read ${what}: ${error.message}`);
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    throw new FalcoError("API_INVALID", `Cannot read ${what}: ${reasonOf(cause)}`, { cause });
  }
}

/**
 * Settings made through the API: a layer over the configured ones, stored in a file of its own so that a
 * restart keeps them. Changes come one after the other; a refused one changes nothing.
 */
export class ConfigStore {
  readonly #path: string | undefined;
  #backend: ConfigsBackend | undefined;
  #layer: ConfigLayer;
  #last: Promise<unknown> = Promise.resolve();

  /** Reads what an earlier run stored at `path`; without one, settings live as long as the process. */
  constructor(path?: string) {
    this.#path = path;
    let text = "";
    try {
      if (path !== undefined) text = readFileSync(path, "utf8");
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "ENOENT") {
        throw new FalcoError("CONFIG_STORE", `Cannot read "${path}": ${reasonOf(cause)}`, { cause });
      }
    }
    const layer = parsed(text, `"${path}"`) ?? {};
    if (!isTree(layer)) throw new FalcoError("CONFIG_STORE", `Cannot read "${path}": not a mapping`);
    this.#layer = layer;
  }

  connect(backend: ConfigsBackend): void {
    this.#backend = backend;
  }

  get layer(): ConfigLayer {
    return this.#layer;
  }

  /** Keys or groups of keys; everything when there are none. Throws API_NOT_FOUND for one that isn't known. */
  get(keys: readonly string[]): ConfigInfo[] {
    const all = this.#engine.list();
    for (const key of keys) {
      if (!all.some((one) => within(one.key, key))) throw unknown(key, all);
    }
    return all.filter((one) => keys.length === 0 || keys.some((key) => within(one.key, key)));
  }

  overrides(key: string): boolean {
    let value: unknown = this.#layer;
    for (const part of key.split("."))
      value = isTree(value) && Object.hasOwn(value, part) ? value[part] : undefined;
    return value !== undefined;
  }

  /** Each change returns the keys whose value it changed. */
  async set(key: string, text: string): Promise<ConfigInfo[]> {
    if (key === "") throw new FalcoError("API_INVALID", "Cannot set a key without a name");
    const value = parsed(text, `the value of ${key}`);
    return this.#change((layer) => merged(layer, nested(key, value)));
  }

  async patch(text: string): Promise<ConfigInfo[]> {
    const patch = parsed(text, "the patch");
    if (!isTree(patch)) throw new FalcoError("API_INVALID", "Cannot read the patch: not a mapping of keys");
    return this.#change((layer) => merged(layer, patch));
  }

  reset(keys: readonly string[]): Promise<ConfigInfo[]> {
    return this.#change((layer) => {
      if (keys.length === 0) return {};
      for (const key of keys) {
        if (!this.#engine.list().some((one) => within(one.key, key))) throw unknown(key, this.#engine.list());
      }
      return keys.reduce((rest, key) => merged(rest, nested(key, null)), layer);
    });
  }

  get #engine(): ConfigsBackend {
    if (this.#backend) return this.#backend;
    throw new FalcoError("API_UNAVAILABLE", "Cannot serve the configuration: this falco runs without one");
  }

  #change(edit: (layer: ConfigLayer) => ConfigLayer): Promise<ConfigInfo[]> {
    const run = this.#last.then(async () => {
      const backend = this.#engine;
      const before = new Map(backend.list().map((one) => [one.key, JSON.stringify(one.actual)]));
      const next = edit(this.#layer);
      await backend.apply(next);
      try {
        if (this.#path !== undefined) await writeWhole(this.#path, HEADER + stringify(next));
      } catch (cause) {
        await backend.apply(this.#layer);
        throw new FalcoError(
          "API_PRECONDITION",
          `Cannot store settings in "${this.#path}": ${reasonOf(cause)}`,
          {
            hint: "nothing was changed",
            cause,
          },
        );
      }
      this.#layer = next;
      return backend.list().filter((one) => before.get(one.key) !== JSON.stringify(one.actual));
    });
    this.#last = run.catch(() => {});
    return run;
  }
}

function unknown(key: string, all: readonly ConfigInfo[]): FalcoError {
  const near = nearest(
    key,
    all.map((one) => one.key),
  );
  const hint = near === undefined ? {} : { hint: `did you mean "${near}"?` };
  return new FalcoError("API_NOT_FOUND", `Unknown configuration key "${key}"`, hint);
}
