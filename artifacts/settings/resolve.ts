import { FalcoError } from "../../core/errors.ts";
import { type ConfigFile, lookup } from "./config-file.ts";
import { parseDuration } from "./duration.ts";
import { type AnyKey, type KeyName, keys, type Settings, variableOf } from "./keys.ts";

export interface Sources {
  /** Flags as the command line gave them; absent or undefined where it didn't. */
  readonly flags: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly file: ConfigFile;
}

interface Raw {
  readonly value: unknown;
  /** For messages: `--every`, `FALCOCTL_…` or the file and key. */
  readonly source: string;
}

/** Decides every setting: flag, else environment, else file, else default. The only place where that order stands. */
export function resolveSettings(sources: Sources): Settings {
  const values: Record<string, unknown> = {};
  const decided: Partial<Record<KeyName, string>> = {};
  for (const [name, key] of Object.entries(keys) as [KeyName, AnyKey][]) {
    const raw = find(key, sources);
    values[name] = convert(key, raw);
    if (raw) decided[name] = raw.source;
  }
  return { ...values, sources: decided } as Settings;
}

function find(key: AnyKey, { flags, env, file }: Sources): Raw | undefined {
  const flag = key.flag === undefined ? undefined : flags[key.flag];
  if (flag !== undefined && !(Array.isArray(flag) && flag.length === 0))
    return { value: flag, source: `--${key.flag}` };
  const variable = env[variableOf(key.path)];
  if (variable !== undefined && variable !== "") return { value: variable, source: variableOf(key.path) };
  const stored = lookup(file.values, key.path);
  if (stored !== undefined) return { value: stored, source: `${key.path} in ${file.path}` };
  return key.fallback === undefined ? undefined : { value: key.fallback, source: "its default" };
}

function convert(key: AnyKey, raw: Raw | undefined): unknown {
  if (raw === undefined) return key.kind === "list" ? [] : undefined;
  const { value, source } = raw;
  const fail = (what: string): never => {
    throw new FalcoError("CONFIG", `Cannot use ${source}: ${what}`);
  };
  const scalar = (): string =>
    typeof value === "string" || typeof value === "number" || typeof value === "boolean"
      ? String(value)
      : fail("not a text");
  switch (key.kind) {
    case "text":
      return scalar();
    case "switch": {
      const text = scalar().toLowerCase();
      return (
        ["true", "1", "t"].includes(text) ||
        (!["false", "0", "f"].includes(text) && fail(`"${text}" is neither true nor false`))
      );
    }
    case "duration":
      return parseDuration(scalar()) ?? fail(`"${scalar()}" is not a duration such as 6h or 30m`);
    case "list": {
      const items = Array.isArray(value) ? value.map(String) : [scalar()];
      return items
        .flatMap((item) => item.split(key.separator ?? ";"))
        .map((item) => item.trim())
        .filter(Boolean);
    }
    case "records":
      return Array.isArray(value)
        ? value.map((item) => record(key, item, fail))
        : fromText(key, scalar(), fail);
  }
}

/** `name,url;name,url`, as environment variables hold lists of records. */
function fromText(key: AnyKey, text: string, fail: (what: string) => never): Record<string, string>[] {
  const fields = key.fields ?? [];
  return text
    .split(";")
    .filter(Boolean)
    .map((item) => {
      const parts = item.split(",");
      if (parts.length < (key.needed ?? 1) || parts.length > fields.length) {
        // The text may hold a password: the message says what is wrong, not what it is.
        fail(
          `each item needs ${fields.slice(0, key.needed).join(",")}, separated by commas; items are separated by semicolons`,
        );
      }
      return Object.fromEntries(parts.map((part, i) => [fields[i]!, part.trim()]));
    });
}

function record(key: AnyKey, item: unknown, fail: (what: string) => never): Record<string, string> {
  const fields = key.fields ?? [];
  const found = fields.flatMap((field) => {
    const value = lookup(item, field);
    return value === undefined ? [] : [[field, String(value)] as const];
  });
  const missing = fields.slice(0, key.needed).find((field) => !found.some(([name]) => name === field));
  if (missing) fail(`an item has no "${missing.toLowerCase()}"`);
  return Object.fromEntries(found);
}
