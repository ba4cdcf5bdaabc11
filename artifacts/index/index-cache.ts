import { existsSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { FalcoError, reasonOf } from "../../core/errors.ts";
import { writeAtomically } from "../files/write-atomically.ts";
import type { Log } from "../log.ts";
import { updateConfigFile } from "../settings/config-file.ts";
import type { Settings } from "../settings/keys.ts";
import { type Paths, userPaths } from "../settings/paths.ts";
import { Catalog } from "./catalog.ts";
import { type FetchIndexOptions, fetchIndex, shownIndexUrl } from "./fetch-index.ts";
import type { NamedIndex } from "./index-entry.ts";
import {
  checkBackend,
  checkIndexName,
  type IndexSource,
  listIndexes,
  timestamp,
  writeList,
} from "./index-list.ts";
import { parseIndex } from "./parse-index.ts";

const dayMs = 24 * 3_600_000;

export interface CacheOptions extends FetchIndexOptions {
  readonly settings: Settings;
  /** The configuration file, for removing an index that it names. */
  readonly configPath: string;
  readonly log: Log;
  readonly paths?: Paths;
}

export interface CatalogOptions {
  readonly refresh?: boolean;
  readonly partial?: boolean;
}

interface Fetched {
  readonly source: IndexSource;
  /** The new content; undefined when the copy is current. */
  readonly text: string | undefined;
}

/** The configured indexes and their copies on disk. */
export class IndexCache {
  readonly #options: CacheOptions;
  readonly #paths: Paths;
  #sources: IndexSource[];

  constructor(options: CacheOptions) {
    this.#options = options;
    this.#paths = options.paths ?? userPaths();
    this.#sources = listIndexes(options.settings, this.#paths.indexesFile);
  }

  get sources(): readonly IndexSource[] {
    return this.#sources;
  }

  /** Adds an index, fetching it first: what can't be fetched or read is not added. Adding the same again does nothing. */
  async add(name: string, url: string, backend?: string): Promise<"added" | "present"> {
    checkIndexName(name);
    const known = this.#sources.find((source) => source.name === name);
    if (known?.url === url) return "present";
    if (known) {
      throw new FalcoError(
        "INDEX",
        `Cannot add index "${name}": that name is taken by ${shownIndexUrl(known.url)}`,
        {
          hint: `remove it first with "falco index remove ${name}"`,
        },
      );
    }
    const fresh = { name, url, backend: checkBackend(backend, url), added: timestamp(), updated: "" };
    const { source, text } = await this.#fetch(fresh, false);
    await writeAtomically(this.#file(name), text ?? "");
    this.#sources.push(source);
    await writeList(this.#paths.indexesFile, this.#sources);
    return "added";
  }

  async remove(names: readonly string[]): Promise<void> {
    this.#checkKnown(names, "remove");
    this.#sources = this.#sources.filter((source) => !names.includes(source.name));
    await this.#undeclare(names);
    await writeList(this.#paths.indexesFile, this.#sources);
    for (const name of names) await rm(this.#file(name), { force: true });
  }

  /** Fetches the named indexes, or all, unless the server says they are unchanged. Returns what happened to each. */
  async update(names: readonly string[] = []): Promise<{ name: string; changed: boolean }[]> {
    this.#checkKnown(names, "update");
    const results: { name: string; changed: boolean }[] = [];
    for (const [i, held] of this.#sources.entries()) {
      if (names.length > 0 && !names.includes(held.name)) continue;
      const before = this.#copy(held.name);
      const { source, text } = await this.#fetch(held, before !== undefined);
      if (text !== undefined && text !== before) await writeAtomically(this.#file(held.name), text);
      this.#sources[i] = source;
      results.push({ name: held.name, changed: text !== undefined && text !== before });
    }
    await writeList(this.#paths.indexesFile, this.#sources);
    return results;
  }

  /**
   * The merged indexes. Copies that are missing, or with `refresh` older than a day, are fetched; when that fails and
   * there is a copy, the copy serves, with a warning. Without one it throws: an artifact that the missing index lists
   * must not be taken from a later one. `partial` leaves such an index out, for those that only look.
   */
  async catalog({ refresh = false, partial = false }: CatalogOptions = {}): Promise<Catalog> {
    const indexes: NamedIndex[] = [];
    for (const [i, held] of this.#sources.entries()) {
      let text = this.#copy(held.name);
      const old = refresh && !(Date.now() - Date.parse(held.updated) < dayMs);
      try {
        if (text === undefined || old) text = await this.#refreshed(i, text);
      } catch (error) {
        if (!partial || this.#sources.length === 1) throw error;
        this.#options.log("warn", `Going on without index "${held.name}": ${reasonOf(error)}`);
        continue;
      }
      indexes.push({ name: held.name, entries: await parseIndex(text, this.#file(held.name)) });
    }
    return new Catalog(indexes);
  }

  async #refreshed(i: number, copy: string | undefined): Promise<string> {
    const held = this.#sources[i]!;
    let fetched: Fetched;
    try {
      fetched = await this.#fetch(held, copy !== undefined);
    } catch (error) {
      if (copy === undefined) throw missing(held.name, error);
      const age = held.updated || "unknown age";
      this.#options.log("warn", `Using the copy of index "${held.name}" of ${age}: ${reasonOf(error)}`);
      return copy;
    }
    this.#sources[i] = fetched.source;
    const text = fetched.text ?? copy ?? "";
    try {
      if (fetched.text !== undefined) await writeAtomically(this.#file(held.name), text);
      await writeList(this.#paths.indexesFile, this.#sources);
    } catch (error) {
      // In a container the home may be read-only: the index serves this once, and is fetched again the next time.
      this.#options.log("warn", `Cannot keep index "${held.name}": ${reasonOf(error)}`);
    }
    return text;
  }

  async #fetch(held: IndexSource, hasCopy: boolean): Promise<Fetched> {
    const fetched = await fetchIndex(held.url, held.backend, hasCopy ? held : {}, this.#options);
    const { name, url, backend } = held;
    const source = { name, url, backend, added: held.added || timestamp(), updated: timestamp() };
    const { etag, lastModified } = fetched ?? held;
    if (fetched) await parseIndex(fetched.text, shownIndexUrl(url));
    return {
      source: { ...source, ...(etag && { etag }), ...(lastModified && { lastModified }) },
      text: fetched?.text,
    };
  }

  /** Takes indexes out of the configuration's own list, so that they don't come back from there. */
  async #undeclare(names: readonly string[]): Promise<void> {
    const { settings, configPath } = this.#options;
    const declared = settings.indexes ?? [];
    const left = declared.filter((item) => !names.includes(item["name"] ?? ""));
    if (left.length === declared.length) return;
    if (settings.sources.indexes?.startsWith("FALCOCTL_")) {
      throw new FalcoError(
        "INDEX",
        `Cannot remove index "${names[0]}": ${settings.sources.indexes} names it`,
        {
          hint: "change the environment variable",
        },
      );
    }
    await updateConfigFile(configPath, ["indexes"], left);
  }

  #checkKnown(names: readonly string[], verb: string): void {
    const there = this.#sources.map((source) => source.name);
    const unknown = names.find((name) => !there.includes(name));
    if (unknown === undefined) return;
    throw new FalcoError("INDEX", `Cannot ${verb} index "${unknown}": there is none of that name`, {
      hint: there.length > 0 ? `there are: ${there.join(", ")}` : "no index is configured",
    });
  }

  #file(name: string): string {
    return join(this.#paths.indexesDir, `${name}.yaml`);
  }

  #copy(name: string): string | undefined {
    const file = this.#file(name);
    return existsSync(file) ? readFileSync(file, "utf8") : undefined;
  }
}

/** Why an index that was never fetched can't be had, and how to do without it. */
function missing(name: string, error: unknown): unknown {
  if (!(error instanceof FalcoError)) return error;
  const { code, message, place, excerpt, hint } = error;
  return new FalcoError(code, message, {
    hint: hint ?? `to do without this index: falco index remove ${name}`,
    ...(place && { place }),
    ...(excerpt !== undefined && { excerpt }),
    cause: error,
  });
}
