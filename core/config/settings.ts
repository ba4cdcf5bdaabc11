import type { Json, Key } from "./declare.ts";
import { decode } from "./decode.ts";
import { initialTree } from "./initial.ts";
import type { LoadedConfig } from "./load.ts";
import { type Config, schema } from "./schema.ts";
import { COMMAND_LINE, type Tree } from "./tree.ts";

/** What is shown instead of a secret, and of anything that came out of the environment. */
export const HIDDEN = "<hidden>";

/** One key of a loaded configuration. Lists are one setting, not one an item. */
export interface Setting {
  readonly key: string;
  /** The value as it may be shown. */
  readonly value: Json;
  /** The value itself, for comparing; never print it. */
  readonly actual: Json;
  /** `FILE:LINE`, `-o KEY`, or `default`. */
  readonly origin: string;
  /** A change takes effect only at the next start. */
  readonly restart: boolean;
}

/** Every key with its value, secrets hidden, and where the value comes from. */
export function settingsOf({ config, tree }: Pick<LoadedConfig, "config" | "tree">): Setting[] {
  const out: Setting[] = [];
  const walk = (key: Key, value: Json, given: Tree | undefined, path: string, restarts = false): void => {
    const restart = restarts || (key.restart ?? false);
    if (key.kind === "object") {
      for (const [name, child] of Object.entries(key.keys)) {
        const below = given?.kind === "map" ? given.entries.get(name)?.value : undefined;
        walk(
          child,
          (value as Record<string, Json>)[name] ?? null,
          below,
          path ? `${path}.${name}` : name,
          restart,
        );
      }
      return;
    }
    const shown = hide(key, value, given);
    out.push({
      key: path,
      value: shown,
      actual: value,
      origin: originOf(given),
      restart,
    });
  };
  walk(schema, config as unknown as Json, tree, "");
  return out;
}

/** The whole configuration as `config show` and the support bundle print it: nested, secrets hidden. */
export function showConfig(loaded: Pick<LoadedConfig, "config" | "tree">): Json {
  const root: Record<string, Json> = {};
  for (const { key, value } of settingsOf(loaded)) {
    const names = key.split(".");
    const last = names.pop()!;
    let here = root;
    for (const name of names) {
      here[name] ??= {};
      here = here[name] as Record<string, Json>;
    }
    here[last] = value;
  }
  return root;
}

export interface Change {
  readonly key: string;
  readonly before: Json;
  readonly after: Json;
  readonly restart: boolean;
}

/** What differs between two configurations; a secret that changed shows as hidden on both sides. */
export function diffConfig(
  before: Pick<LoadedConfig, "config" | "tree">,
  after: Pick<LoadedConfig, "config" | "tree">,
): Change[] {
  const old = new Map(settingsOf(before).map((setting) => [setting.key, setting]));
  return settingsOf(after).flatMap(({ key, value, actual, restart }) => {
    const was = old.get(key);
    if (was && JSON.stringify(was.actual) === JSON.stringify(actual)) return [];
    return [{ key, before: was?.value ?? null, after: value, restart }];
  });
}

/** What differs from the built-in configuration: what a run without any file would use. */
export function differencesFromBuiltIn(loaded: Pick<LoadedConfig, "config" | "tree">): Change[] {
  const tree = initialTree();
  return diffConfig({ config: decode(schema, tree).value as Config, tree }, loaded);
}

function originOf(given: Tree | undefined): string {
  if (!given) return "default";
  const { file, line } = given.place;
  if (file.startsWith(COMMAND_LINE)) return file;
  return file === "built-in configuration" ? "default" : `${file}:${line}`;
}

/** Hides secrets inside lists and maps too. Empty values are no secrets. */
function hide(key: Key, value: Json, given: Tree | undefined): Json {
  if (value === "" || value === null) return value;
  if (key.kind === "list" && Array.isArray(value)) {
    return value.map((item, i) => hide(key.item, item, given?.kind === "list" ? given.items[i] : given));
  }
  if (key.kind === "either") return hide(typeof value === "string" ? key.text : key.object, value, given);
  if (key.secret && !isEmpty(value)) return HIDDEN;
  if (key.kind === "object") {
    const pairs = Object.entries(value as Record<string, Json>).map(([name, child]) => {
      const below = given?.kind === "map" ? given.entries.get(name)?.value : undefined;
      return [name, hide(key.keys[name]!, child, below)];
    });
    return Object.fromEntries(pairs);
  }
  return fromEnvironment(given) ? HIDDEN : value;
}

const isEmpty = (value: Json): boolean =>
  typeof value === "object" && value !== null && Object.keys(value).length === 0;

function fromEnvironment(tree: Tree | undefined): boolean {
  if (tree?.kind === "scalar") return tree.fromEnvironment;
  if (tree?.kind === "list") return tree.items.some(fromEnvironment);
  return tree?.kind === "map" && [...tree.entries.values()].some(({ value }) => fromEnvironment(value));
}
