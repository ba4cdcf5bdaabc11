import { existsSync, readFileSync } from "node:fs";
import { FalcoError, reasonOf } from "../../core/errors.ts";
import { writeAtomically } from "../files/write-atomically.ts";
import type { Settings } from "../settings/keys.ts";
import { type Backend, backendOf, backends } from "./fetch-index.ts";

/** An index that is configured, and what is known of the copy held. Times as `2006-01-02 15:04:05`, local. */
export interface IndexSource {
  readonly name: string;
  readonly url: string;
  readonly backend: Backend;
  readonly added: string;
  readonly updated: string;
  readonly etag?: string;
  readonly lastModified?: string;
}

/** The index that is used where none is configured. */
const defaultIndex = {
  name: "falcosecurity",
  url: "https://falcosecurity.github.io/falcoctl/index.yaml",
} as const;

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** An index's name becomes a file's name. */
export function checkIndexName(name: string): void {
  if (namePattern.test(name)) return;
  throw new FalcoError(
    "INDEX",
    `Cannot use "${name.slice(0, 80)}" as an index's name: use letters, digits, dots, dashes and underscores`,
  );
}

/** The time format of indexes.yaml. */
export function timestamp(date = new Date()): string {
  const two = (n: number): string => String(n).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/**
 * All indexes in the order of their precedence: those of the configuration (or the default one, when neither it nor
 * indexes.yaml names any), then those that only indexes.yaml has.
 */
export function listIndexes(settings: Settings, file: string): IndexSource[] {
  const stored = readList(file);
  const declared = settings.indexes ?? (stored ? [] : [defaultIndex]);
  const first = declared.map((item): IndexSource => {
    const { name = "", url = "", backend } = item as Readonly<Record<string, string>>;
    checkIndexName(name);
    const known = stored?.find((source) => source.name === name && source.url === url);
    return known ?? { name, url, backend: checkBackend(backend, url), added: "", updated: "" };
  });
  return [...first, ...(stored ?? []).filter((source) => !first.some(({ name }) => name === source.name))];
}

export function checkBackend(text: string | undefined, url: string): Backend {
  if (!text) return backendOf(url);
  if ((backends as readonly string[]).includes(text)) return text as Backend;
  throw new FalcoError("INDEX", `Cannot use index backend "${text}": there is no such backend`, {
    hint: `use one of ${backends.join(", ")}`,
  });
}

interface StoredSource {
  readonly name?: unknown;
  readonly url?: unknown;
  readonly backend?: unknown;
  readonly added_timestamp?: unknown;
  readonly updated_timestamp?: unknown;
  readonly etag?: unknown;
  readonly last_modified?: unknown;
}

/** What indexes.yaml lists; undefined when there is no such file. */
export function readList(file: string): IndexSource[] | undefined {
  if (!existsSync(file)) return undefined;
  let configs: unknown;
  try {
    configs = (Bun.YAML.parse(readFileSync(file, "utf8")) as { configs?: unknown } | null)?.configs ?? [];
  } catch (error) {
    throw new FalcoError("INDEX", `Cannot read ${file}: ${reasonOf(error)}`, {
      hint: `mend it, or remove it and add the indexes again`,
      cause: error,
    });
  }
  const text = (value: unknown): string => (typeof value === "string" ? value : "");
  return (Array.isArray(configs) ? (configs as StoredSource[]) : []).map((item) => {
    checkIndexName(text(item?.name));
    return {
      name: text(item.name),
      url: text(item.url),
      backend: checkBackend(text(item.backend), text(item.url)),
      added: text(item.added_timestamp),
      updated: text(item.updated_timestamp),
      ...(text(item.etag) && { etag: text(item.etag) }),
      ...(text(item.last_modified) && { lastModified: text(item.last_modified) }),
    };
  });
}

/** Writes indexes.yaml, readable by its owner only: a URL may hold a password. */
export async function writeList(file: string, sources: readonly IndexSource[]): Promise<void> {
  const { stringify } = await import("yaml");
  const configs = sources.map((source) => ({
    added_timestamp: source.added,
    name: source.name,
    updated_timestamp: source.updated,
    url: source.url,
    backend: source.backend,
    ...(source.etag && { etag: source.etag }),
    ...(source.lastModified && { last_modified: source.lastModified }),
  }));
  await writeAtomically(file, stringify({ configs }), 0o600);
}
